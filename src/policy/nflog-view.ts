// An NFLOG record's attributes, read in place: the same view serves every record.

import { DIRECTION } from '../whitelist/batch.js';
import { be32, u16 } from '../wire/bytes.js';
import { ATTRIBUTE, attributesAreLittleEndian, HOOK, NFLOG } from '../wire/nflog.js';
import type { RecordCursor } from '../wire/record-cursor.js';

/** What a field holds that the record has no attribute for. */
export const ABSENT = -1;

/** Filled by {@link read}. */
export class NflogView {
  hook: number = ABSENT;
  indev: number = ABSENT;
  outdev: number = ABSENT;
  prefixAt = 0;
  prefixSize = 0;
  payloadEnd = 0;

  /** Where the packet begins; 0 when there is none, {@link ABSENT} when an attribute is broken. */
  read({ bytes, at: start, end, isLittleEndian }: RecordCursor): number {
    this.hook = ABSENT;
    this.indev = ABSENT;
    this.outdev = ABSENT;
    this.prefixSize = 0;
    const order = attributesAreLittleEndian(bytes, start + NFLOG.size, end, isLittleEndian);
    for (let at = start + NFLOG.size; at < end; ) {
      const length = at + 4 <= end ? u16(bytes, at, order) : 0;
      if (length < 4 || at + length > end) return ABSENT;
      const type = u16(bytes, at + 2, order) & ATTRIBUTE.mask;
      if (type === ATTRIBUTE.payload) {
        this.payloadEnd = at + length;
        return at + 4;
      }
      this.#readAttribute(type, bytes, at, length);
      at += (length + 3) & ~3;
    }
    return 0;
  }

  #readAttribute(type: number, bytes: Uint8Array, at: number, length: number): void {
    if (type === ATTRIBUTE.packetHeader && length >= 7) this.hook = bytes[at + 6]!;
    else if (type === ATTRIBUTE.indev && length >= 8) this.indev = be32(bytes, at + 4);
    else if (type === ATTRIBUTE.outdev && length >= 8) this.outdev = be32(bytes, at + 4);
    else if (type === ATTRIBUTE.prefix) {
      this.prefixAt = at + 4;
      this.prefixSize = length - 4;
    }
  }

  /**
   * 1 in, 2 out, 0 neither: the hook says, or the interfaces where there is no hook.
   * @param outside index of the outside interface, which tells a forwarded packet's direction
   */
  direction(outside: number): number {
    switch (this.hook) {
      case HOOK.preRouting:
      case HOOK.localIn:
        return DIRECTION.in;
      case HOOK.localOut:
      case HOOK.postRouting:
        return DIRECTION.out;
      case HOOK.forward:
        if (outside === ABSENT) return 0;
        return this.indev === outside ? DIRECTION.in : this.outdev === outside ? DIRECTION.out : 0;
      case ABSENT:
        if ((this.indev === ABSENT) === (this.outdev === ABSENT)) return 0;
        return this.indev !== ABSENT ? DIRECTION.in : DIRECTION.out;
      default:
        return 0;
    }
  }
}
