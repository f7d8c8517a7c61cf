// A process that applies batches to a database: `PATH LOCK TIME BATCHES SHARED UNIQUE OWN`. Each batch sees SHARED
// addresses, always the same, and UNIQUE ones that nobody saw before, in the network 10.OWN. Prints a line when it
// begins and one after each batch. LOCK is `flock`, or `none` for a process that has the file to itself.

import { openSpamdDb } from '../../../src/store/spamd-db/spamd-db-store.js';
import { flock } from './flock.js';
import { batchOf, WHITEEXP } from './helpers.js';
import { sharedAddresses, uniqueAddresses } from './writer-addresses.js';

const [path = '', lock = '', ...numbers] = process.argv.slice(2);
const [time = 0, batches = 0, shared = 0, unique = 0, own = 0] = numbers.map(Number);
const store = await openSpamdDb({ path, lock: lock === 'none' ? () => true : flock });
// Asks for nothing, so that the thread is there.
await store.put([], time, true);
process.stdout.write('begin\n');
for (let batch = 0; batch < batches; batch++) {
  const addresses = [...sharedAddresses(shared), ...uniqueAddresses(unique, own, batch)];
  await store.applyBatch(batchOf(addresses, time), WHITEEXP);
  process.stdout.write('done\n');
}
await store.close();
