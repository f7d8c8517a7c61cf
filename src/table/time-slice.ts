// A slice of the event loop's time: lets a long walk over entries stand back so that packets are not kept waiting.

/** Long enough to be worth the way round the loop, short against the 20 ms that capture may be kept waiting. */
const SLICE_MS = 4;

/** How many entries are walked between two looks at the clock: well under a millisecond's worth. */
const STRIDE = 128;

/**
 * Says when a walk has had its share of the event loop, and lets the loop go round. Meant for a loop body such as
 * `if (slice.isOver()) await slice.rest();`, which costs next to nothing while the slice lasts.
 */
export class TimeSlice {
  #start = performance.now();
  #walked = 0;

  /** Whether it is time to {@link rest}; to be called once an entry. */
  isOver(): boolean {
    this.#walked += 1;
    return this.#walked % STRIDE === 0 && performance.now() - this.#start >= SLICE_MS;
  }

  /** Lets everything that is waiting for the event loop run, then begins another slice. */
  async rest(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.#start = performance.now();
  }
}
