// What monitor and engine say to one another: a closed set, checked on arrival. Anything else ends whoever receives it.

import type { CaptureState } from '../capture/capture-state.js';
import type { CaptureTotals, Discard } from '../capture/capture-supervisor.js';
import type { Settings } from '../options/table.js';
import type { LiveRules } from '../pfconf/live/rules.js';
import type { Account } from '../system/account.js';
import type { TableCommand, TableReply } from '../table/table-command.js';
import type { SyncKeyText } from './sync-link.js';

/** From the monitor to the engine. */
export type ToEngine =
  /** The first message: who to become and what to do. */
  | {
      readonly type: 'begin';
      readonly settings: Settings;
      readonly account: Account;
      readonly version: string;
      readonly syncKey?: SyncKeyText;
    }
  /** The configuration was read again. */
  | { readonly type: 'settings'; readonly settings: Settings }
  | { readonly type: 'capture'; readonly capture: CaptureReport }
  | { readonly type: 'table-reply'; readonly id: number; readonly reply: TableReply }
  /** What pfctl printed of the rules in force, or why it did not. */
  | { readonly type: 'rules'; readonly rules: LiveRules }
  /** The monitor was asked for a status line. */
  | { readonly type: 'log-status' }
  /** No session will come any more: commit what was seen, and end. */
  | { readonly type: 'stop' };

/** From the engine to the monitor. */
export type ToMonitor =
  /** Privileges are dropped, the database is open. */
  | { readonly type: 'ready' }
  /** Start-up failed. */
  | { readonly type: 'failed'; readonly message: string; readonly status: number }
  | { readonly type: 'table'; readonly id: number; readonly command: TableCommand }
  /** A session's stream cannot be used. */
  | ({ readonly type: 'discard' } & Discard);

/** How the capture fares. */
export interface CaptureReport {
  readonly device: string;
  readonly state: CaptureState | null;
  readonly totals: CaptureTotals;
}

const TO_ENGINE: readonly ToEngine['type'][] = [
  'begin',
  'settings',
  'capture',
  'rules',
  'table-reply',
  'log-status',
  'stop',
];
const TO_MONITOR: readonly ToMonitor['type'][] = ['ready', 'failed', 'table', 'discard'];

/** The message, or undefined when it is none of the set. */
export function parseToEngine(value: unknown): ToEngine | undefined {
  return hasType(value, TO_ENGINE) ? (value as ToEngine) : undefined;
}

/** The message, or undefined when it is none of the set. A table's command is for the receiver to check. */
export function parseToMonitor(value: unknown): ToMonitor | undefined {
  if (!hasType(value, TO_MONITOR)) return undefined;
  const message = value as ToMonitor;
  return message.type === 'discard' && !isDiscard(message) ? undefined : message;
}

/** The monitor writes the reason to its log: a line of text, and not a long one. */
function isDiscard({ session, code, reason }: Discard): boolean {
  return (
    Number.isSafeInteger(session) &&
    (code === 'link-type' || code === 'damaged') &&
    typeof reason === 'string' &&
    /^[ -~]{1,200}$/.test(reason)
  );
}

function hasType(value: unknown, types: readonly string[]): boolean {
  return (
    typeof value === 'object' && value !== null && types.includes((value as { type?: string }).type ?? '')
  );
}
