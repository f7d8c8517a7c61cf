// Why a run of a firewall's program told nothing, as the end of a sentence: what pf and nftables have in common.

import type { Program, RunResult } from './runner.js';
import type { TableErrorCode } from './table.js';

/** Why something failed: the code for callers, and words that go behind `Cannot add to pf table <x>: `. */
export interface Reason {
  readonly code: TableErrorCode;
  readonly words: string;
  readonly cause?: Error;
}

/** Why a run that did not end by itself failed. */
export function explainBrokenRun(program: Program, result: Exclude<RunResult, { end: 'exited' }>): Reason {
  switch (result.end) {
    case 'late':
      return { code: 'timeout', words: `${program} was not done after ${result.seconds} s and was killed` };
    case 'flooded':
      return { code: 'failed', words: `${program} said more than ${result.limitBytes} bytes and was killed` };
    case 'killed':
      return { code: 'failed', words: `${program} was killed by ${result.signal}` };
    case 'unstartable':
      return { ...explainStart(program, result.cause), cause: result.cause };
  }
}

function explainStart(program: Program, cause: NodeJS.ErrnoException): Reason {
  if (cause.code === 'ENOENT') {
    return {
      code: 'unavailable',
      words: `there is no program ${program} here; name another --table, or none`,
    };
  }
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return { code: 'permission', words: `${program} may not be run by this user` };
  }
  return { code: 'unavailable', words: `${program} cannot be run (${cause.message})` };
}

/** The first line a program said on standard error that is not blank, for reasons we have no words for. */
export function firstLine(stderr: string): string {
  const line = stderr.split('\n').find(text => text.trim() !== '');
  return line === undefined ? 'it said nothing' : `it said "${line.trim().slice(0, 200)}"`;
}
