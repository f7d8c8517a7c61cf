// The control socket: HTTP over a unix socket that only its owner may open.

import { existsSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** An answer that is sent as it is. */
export class TextAnswer {
  readonly type: string;
  readonly text: string;

  /** @param type its media type */
  constructor(type: string, text: string) {
    this.type = type;
    this.text = text;
  }
}

/** What answers, by method and path (`GET /status`); the answer is sent as JSON, unless it is a {@link TextAnswer}. */
export type ControlRoutes = Readonly<Record<string, () => unknown>>;

/** An open control socket. */
export interface ControlServer {
  /** Ends connections and removes the socket. */
  close(): Promise<void>;
}

/** How long a request may take to come, how often that is looked at, and how long another is waited for. */
const TIMES = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 1_000,
} as const;

/** More than these at once are refused: whoever asks is one administrator, or their monitoring. */
const CONNECTIONS = 16;

/**
 * Listens at that path, mode 0600. A socket that a dead process left there is replaced.
 *
 * @throws Error when another process listens there, something else than a socket is there, or listening fails.
 */
export async function openControlServer(path: string, routes: ControlRoutes): Promise<ControlServer> {
  await removeStale(path);
  const server = createServer(TIMES, (request, response) => void answer(routes, request, response));
  server.maxConnections = CONNECTIONS;
  await listen(server, path);
  return {
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve).once('error', reject);
  });
  // It must never be open to others, not even until a chmod: it is bound before listen() returns.
  const previous = process.umask(0o177);
  server.listen(path);
  process.umask(previous);
  try {
    await listening;
  } catch (cause) {
    throw failure(path, (cause as Error).message, cause);
  }
}

async function removeStale(path: string): Promise<void> {
  // listen() would call it a denied permission.
  if (!existsSync(dirname(path))) throw failure(path, `no such folder`);
  const found = lookAt(path);
  if (!found) return;
  if (!found.isSocket()) throw failure(path, 'there is something else than a socket');
  const reason = await tryConnect(path);
  if (reason === undefined) throw failure(path, 'another process listens there');
  if (reason.code !== 'ECONNREFUSED') throw failure(path, reason.message, reason);
  unlinkSync(path);
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw failure(path, (cause as Error).message, cause);
  }
}

/** Why nobody answers, or undefined when somebody does. */
function tryConnect(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', resolve);
  });
}

function failure(path: string, reason: string, cause?: unknown): Error {
  return new Error(`Cannot open control socket "${path}": ${reason}`, { cause });
}

async function answer(
  routes: ControlRoutes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const name = `${request.method} ${request.url}`;
  if (!Object.hasOwn(routes, name)) return send(response, 404, { error: `No such request: ${name}` });
  try {
    send(response, 200, await routes[name]!());
  } catch (error) {
    send(response, 500, { error: (error as Error).message });
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const { type, text } =
    value instanceof TextAnswer ? value : new TextAnswer('application/json', `${JSON.stringify(value)}\n`);
  response.writeHead(status, { 'Content-Type': type });
  response.end(text);
}
