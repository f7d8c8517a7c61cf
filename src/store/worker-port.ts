// The thread's side of the questions: answers them one at a time, in the order in which they came.

import { parentPort } from 'node:worker_threads';
import { StoreError } from './store.js';
import type { Reply } from './worker-protocol.js';

/** How a thread answers. */
export interface Answers<Holder, Request> {
  /** Opens the database. @throws {StoreError} */
  readonly open: () => Holder;
  readonly answer: (holder: Holder, request: Request) => unknown;
  /** What is given away with an answer rather than copied. */
  readonly transfer?: (request: Request, value: unknown) => ArrayBuffer[];
}

/** Opens the database, says whether it is open, and answers until `close` is asked for. */
export function serve<Holder, Request extends { readonly id: number; readonly method: string }>(
  answers: Answers<Holder, Request>,
): void {
  const port = parentPort!;
  const post = (reply: Reply, transfer?: ArrayBuffer[]): void => port.postMessage(reply, transfer);
  const postError = (id: number, error: unknown): void => {
    const { code, message } =
      error instanceof StoreError ? error : new StoreError('failed', String(error), { cause: error });
    post({ id, error: { code, message } });
  };
  let holder: Holder;
  try {
    holder = answers.open();
  } catch (error) {
    postError(0, error);
    // What is posted to a closed port is lost.
    port.close();
    return;
  }
  post({ id: 0, value: null });
  // A store is one connection.
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (request: Request) => {
    turn = turn.then(async () => {
      try {
        const value = await answers.answer(holder, request);
        post({ id: request.id, value }, answers.transfer?.(request, value));
      } catch (error) {
        postError(request.id, error);
      }
      if (request.method === 'close') port.close();
    });
  });
}
