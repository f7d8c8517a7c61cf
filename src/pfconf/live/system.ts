// What a check of the running machine needs from it: commands, files, processes.

import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';

/** What a command said. */
export interface CommandResult {
  /** Null where it could not be started, or did not end in time. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Owner and permissions of a file. */
export interface FileInfo {
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The machine. Nothing here throws: what cannot be read is a status of null, or undefined. */
export interface System {
  readonly platform: string;
  run(command: string, args: readonly string[]): Promise<CommandResult>;
  readFile(path: string): Promise<string | undefined>;
  stat(path: string): Promise<FileInfo | undefined>;
  /** Seconds since the epoch. */
  now(): number;
}

/** Long enough for a firewall with many rules, short enough for a person who waits. */
const TIMEOUT_MS = 20_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** The machine that this runs on. */
export function nodeSystem(): System {
  return {
    platform: process.platform,
    run: (command, args) =>
      new Promise(resolve => {
        const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_LIMIT_BYTES, encoding: 'utf8' as const };
        execFile(command, [...args], options, (error, stdout, stderr) => {
          const code = error ? (error as { code?: unknown }).code : 0;
          const status = typeof code === 'number' ? code : null;
          resolve({ status, stdout, stderr: stderr || (status === null ? (error?.message ?? '') : '') });
        });
      }),
    readFile: path => readFile(path, 'utf8').catch(() => undefined),
    stat: path =>
      stat(path).then(
        ({ mode, uid, gid }) => ({ mode: mode & 0o7777, uid, gid }),
        () => undefined,
      ),
    now: () => Math.floor(Date.now() / 1000),
  };
}
