// What an engine does for the capture child.

import type { CaptureDevice } from '../capture-device.js';
import type { EndCode } from '../capture-messages.js';

/** What an engine opens. */
export interface OpenRequest {
  readonly device: CaptureDevice;
  /** '' for none. */
  readonly filter: string;
  /** The device went away, or the engine went deaf: the child must end. Called at most once. */
  readonly onLost: (code: EndCode, reason: string) => void;
}

/** Takes a packet; the bytes are overwritten by the next one. */
export type PacketHandler = (
  seconds: number,
  microseconds: number,
  bytes: Uint8Array,
  capturedLength: number,
  length: number,
) => void;

/** A device that is open. Packets come once {@link start} was called. */
export interface OpenDevice {
  /** As in pcap-linktype(7). */
  readonly linkType: number;
  /** What the engine says of itself. */
  readonly version: string;
  start(onPacket: PacketHandler): void;
  /** Packets lost in the kernel, where the engine has a counter that is true for this device. */
  readDrops(): number | null;
  /** Looks whether the device still delivers; called every other second. */
  check(): void;
  /** Delivers what the kernel still holds. There is no close: the child's end does that. */
  drain(): Promise<void>;
}

/**
 * Opens the device.
 *
 * @throws CaptureError with code `engine` when the package is missing or does not load; any other Error's message is
 *   libpcap's.
 */
export type OpenEngine = (request: OpenRequest) => OpenDevice;

/** Names that the packages give to link types; others they give as `Unknown linktype N`. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  RAW: 101,
  LINUX_SLL: 113,
  IEEE802_11_RADIO: 127,
};

/** The link type's number, from what `open` of the npm packages gives back. */
export function parseLinkType(text: string): number {
  const unknown = /^Unknown linktype (\d+)$/.exec(text);
  if (unknown) return Number(unknown[1]);
  const known = LINK_TYPES[text.replace(/^LINKTYPE_/, '')];
  if (known === undefined) throw new Error(`unknown link type "${text}"`);
  return known;
}
