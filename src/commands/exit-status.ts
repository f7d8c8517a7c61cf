// Exit statuses, those of sysexits(3), and which error means which.

import type { SavefileErrorCode } from '../capture/savefile-error.js';
import type { StoreErrorCode } from '../store/store.js';

/** Exit statuses; NOTHING is what spamdb(8) says when it knows none of its keys. */
export const EXIT = {
  ok: 0,
  nothing: 1,
  usage: 64,
  dataError: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  cantCreate: 73,
  ioError: 74,
  tempFail: 75,
  noPermission: 77,
  config: 78,
  interrupted: 130,
} as const;

const OF_STORE: Readonly<Record<StoreErrorCode, number>> = {
  busy: EXIT.tempFail,
  corrupt: EXIT.dataError,
  full: EXIT.ioError,
  io: EXIT.ioError,
  missing: EXIT.noInput,
  newer: EXIT.dataError,
  'no-folder': EXIT.cantCreate,
  'not-ours': EXIT.dataError,
  permission: EXIT.noPermission,
  'read-only': EXIT.noPermission,
  failed: EXIT.cantCreate,
};

const OF_SAVEFILE: Readonly<Record<SavefileErrorCode, number>> = {
  missing: EXIT.noInput,
  permission: EXIT.noPermission,
  directory: EXIT.noInput,
  unreadable: EXIT.ioError,
  empty: EXIT.dataError,
  truncated: EXIT.dataError,
  trailing: EXIT.dataError,
  corrupt: EXIT.dataError,
  format: EXIT.dataError,
  'link-type': EXIT.dataError,
};

/**
 * The exit status of an error that the program foresees, or undefined for one that is a defect. Errors are told by
 * name and code, so that no room has to be loaded for those that cannot come from it.
 */
export function exitStatus(error: unknown): number | undefined {
  const { name, code, isConfig } = error as { name?: string; code?: string; isConfig?: boolean };
  if (name === 'UsageError') return isConfig ? EXIT.config : EXIT.usage;
  if (name === 'OutputError') return EXIT.ioError;
  if (name === 'StoreError') return OF_STORE[code as StoreErrorCode];
  if (name === 'TableError') return code === 'permission' ? EXIT.noPermission : EXIT.unavailable;
  if (name === 'SavefileError') return OF_SAVEFILE[code as SavefileErrorCode];
  return undefined;
}
