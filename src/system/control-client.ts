// Asks a running daemon over its control socket.

import { request } from 'node:http';

/** The daemon holds its answer back this long before we give up. */
const TIMEOUT_MILLISECONDS = 5_000;

/**
 * The daemon's answer to a request such as `GET /status`.
 *
 * @throws Error when no daemon answers there, or it answers with an error.
 */
export async function askDaemon(path: string, method: string, url: string): Promise<unknown> {
  return JSON.parse(await readDaemon(path, method, url));
}

/** As {@link askDaemon}, the answer as it is. */
export async function readDaemon(path: string, method: string, url: string): Promise<string> {
  const { status, body } = await exchange(path, method, url).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot ask the daemon at "${path}": ${explain(cause)}`, { cause });
  });
  if (status !== 200) throw new Error(`Cannot ask the daemon at "${path}": ${JSON.parse(body).error}`);
  return body;
}

function exchange(path: string, method: string, url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, method, path: url, timeout: TIMEOUT_MILLISECONDS });
    asked.once('timeout', () => asked.destroy(new Error('it does not answer')));
    asked.once('error', reject);
    asked.once('response', response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode!, body }));
    });
    asked.end();
  });
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such socket; is it running?';
  if (error.code === 'ECONNREFUSED') return 'it is not running any more';
  if (error.code === 'EACCES') return 'permission denied';
  return error.message;
}
