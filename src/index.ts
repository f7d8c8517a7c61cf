// The library: decoders, the reader of capture files, the policy and the store, for other programs.

export { type AddressWords, canonicalAddress, formatAddress, parseAddress } from './address/address.js';
export { formatPrefix, type Prefix, PrefixSet, parsePrefix, prefixContains } from './address/prefix.js';
export {
  type CapturedRecord,
  inTimeOrder,
  readSavefile,
  type ScanHooks,
  scanSavefile,
} from './capture/savefile.js';
export { SavefileError, type SavefileErrorCode } from './capture/savefile-error.js';
export { type Counted, judge, type Verdict } from './policy/judge.js';
export { type Policy, type RuleGuard, SMTP_PORT } from './policy/policy.js';
export { describeReason, type IgnoreReason, isMalformed, type Reason } from './policy/reason.js';
export { MemoryStore } from './store/memory-store.js';
export { type SqliteOptions, SqliteStore } from './store/sqlite-store.js';
export {
  type AddressRecord,
  type BatchResult,
  type ListOptions,
  OUTCOMES,
  type Sighting,
  type SortKey,
  type SpamtrapRecord,
  type Store,
  StoreError,
  type StoreErrorCode,
  type StoreRecord,
  type TupleRecord,
} from './store/store.js';
export { WorkerStore } from './store/worker-store.js';
export { type AddressSightings, Batch, type Direction, type LogRule } from './whitelist/batch.js';
export {
  addSighting,
  applySightings,
  type Change,
  type Entry,
  entryStatus,
  firstSighting,
  type Outcome,
  type SightingSum,
  type Status,
} from './whitelist/entry.js';
export { type BlockSighting, packOrigin, putSighting, readSightings } from './whitelist/sighting-block.js';
export { Tally } from './whitelist/tally.js';
export { decodeNflog, type NflogHeader } from './wire/nflog.js';
export { decodePflog, type PflogHeader } from './wire/pflog.js';
export { decodeRecord, type LogRecord, type Packet } from './wire/record.js';
export type { RecordCursor } from './wire/record-cursor.js';
export { isRefusal, type Refusal, type RefusalCode } from './wire/refusal.js';
export { SavefileParser } from './wire/savefile-parser.js';
export { LINK_TYPE } from './wire/savefile-problem.js';
