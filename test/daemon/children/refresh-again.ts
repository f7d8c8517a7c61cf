// Refreshes the same addresses again and again, and tells how much is resident after each time, in MiB.

import { setTimeout } from 'node:timers/promises';
import { LiveWriter } from '../../../src/daemon/live-writer.js';
import { openLiveDatabase } from '../../../src/daemon/open-database.js';
import { parseDatabase } from '../../../src/options/database.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../../src/whitelist/sighting-block.js';

const [database, addresses, times, rowsAtOnce] = process.argv.slice(2) as [string, string, string, string];
const count = Number(addresses);

const parsed = parseDatabase(database);
if (!('value' in parsed)) throw new Error(`no database: ${database}`);
const warn = (line: string): never => {
  throw new Error(line);
};
const store = await openLiveDatabase(
  {
    database: parsed.value,
    'sightings-database': undefined,
    'busy-timeout': 30,
    whiteexp: 1,
    user: '_spamd',
  },
  { canCreate: true },
  { warn },
);
const writer = new LiveWriter({
  store: () => store,
  rules: () => [{ interface: 'em0', ruleset: '', rulenr: 3, subrulenr: null }],
  whiteexpSeconds: 3600,
  flushIntervalMs: 1,
  rowsAtOnce: Number(rowsAtOnce),
  onWritten: () => {},
  onTrouble: error => {
    if (error) throw error;
  },
  onOverflow: () => {},
});
const words = new Int32Array(count * SIGHTING_FIELD.stride);
const resident: number[] = [];
for (let time = 1; time <= Number(times); time++) {
  let end = 0;
  for (let i = 0; i < count; i++)
    end = putSighting(words, end, [0, 0, 0xffff, 0x0a000000 + i], 1_800_000_000 + time, packOrigin(0, 1));
  writer.add(words);
  while (writer.waiting > 0) await setTimeout(5);
  resident.push(process.memoryUsage.rss() / 2 ** 20);
}
await writer.drain();
await store.close();
process.stdout.write(JSON.stringify({ resident, written: writer.counts().writtenSightings }));
