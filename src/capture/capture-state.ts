// What becomes of a capture, and one line on it.

import type { EndCode, ReadyMessage } from './capture-messages.js';

/** What the supervisor of a capture is doing. */
export type CaptureState =
  | { readonly kind: 'capturing'; readonly ready: ReadyMessage }
  /** It tries again by itself. `isTold` where the log has it from the reader, who finds out first. */
  | {
      readonly kind: 'waiting';
      readonly code: EndCode;
      readonly message: string;
      readonly isTold?: true;
    }
  /** It never worked and cannot: nothing is tried again. */
  | { readonly kind: 'failed'; readonly code: EndCode; readonly message: string }
  | { readonly kind: 'stopped' };

/** One line for the log: `Capturing on "nflog:155" with pcap (libpcap version 1.10.3)`. */
export function describeState(state: CaptureState, device: string): string {
  if (state.kind === 'capturing') {
    const { engine, version } = state.ready;
    return `Capturing on "${device}" with ${engine}${version === engine ? '' : ` (${version})`}`;
  }
  if (state.kind === 'waiting') return state.isTold ? state.message : `${state.message}; trying again`;
  return state.kind === 'failed' ? state.message : `Stopped capturing on "${device}"`;
}
