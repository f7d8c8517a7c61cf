// What is lost when the daemon ends and the database does not take what waits.

import { ADDRESS_WORDS, AddressTable } from '../address/address-table.js';
import { type Batch, FIELD } from '../whitelist/batch.js';

/**
 * What was not written, in a phrase: `5 sightings of 3 addresses are lost`. An address may be in several batches.
 *
 * @param dropped sightings for which there was no room
 */
export function describeLoss(batches: readonly Batch[], dropped: number): string {
  const addresses = new AddressTable(ADDRESS_WORDS);
  let sightings = 0;
  for (const { words, length } of batches) {
    for (let row = 0; row < length; row++) {
      const at = row * FIELD.stride;
      sightings += words[at + FIELD.count]!;
      addresses.row(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    }
  }
  const verb = sightings === 1 ? 'is' : 'are';
  const lost = `${count(sightings, 'sighting', 's')} of ${count(addresses.size, 'address', 'es')} ${verb} lost`;
  return dropped === 0 ? lost : `${lost}, beside ${dropped} that were dropped`;
}

function count(number: number, noun: string, plural: string): string {
  return `${number} ${noun}${number === 1 ? '' : plural}`;
}
