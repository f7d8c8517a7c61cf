// Reads a capture file to its end for a test, whatever the end is.

import { type CapturedRecord, readSavefile, scanSavefile } from '../../src/capture/savefile.js';
import { SavefileError } from '../../src/capture/savefile-error.js';

/** Records and the error that ended the reading. */
export interface Scanned {
  readonly records: readonly CapturedRecord[];
  readonly error: SavefileError | undefined;
}

async function collect(read: (records: CapturedRecord[]) => Promise<void>): Promise<Scanned> {
  const records: CapturedRecord[] = [];
  try {
    await read(records);
    return { records, error: undefined };
  } catch (error) {
    if (!(error instanceof SavefileError)) throw error;
    return { records, error };
  }
}

/** By `scanSavefile`, copying what the cursor stands on. */
export function scan(path: string, signal?: AbortSignal): Promise<Scanned> {
  return collect(records =>
    scanSavefile(path, {
      ...(signal && { signal }),
      onRecord: ({ bytes, at, end, seconds, nanoseconds, linkType, originalLength, isLittleEndian }) => {
        const copy = bytes.slice(at, end);
        records.push({ seconds, nanoseconds, linkType, originalLength, isLittleEndian, bytes: copy });
      },
    }),
  );
}

/** By `readSavefile`. */
export function read(path: string): Promise<Scanned> {
  return collect(async records => {
    for await (const record of readSavefile(path)) records.push(record);
  });
}
