// Puts back what was taken off the front of a sequence to look at it.

/** The head, then the rest. */
export async function* prepend<T>(head: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield head;
  yield* rest;
}
