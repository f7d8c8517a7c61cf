// A spamtrap as a tarpit looks it up.

import type { SpamtrapRecord } from './store.js';

/**
 * The spamtrap in lower case, ASCII's letters alone: spamd and greyd make the recipients that they look up so, and
 * `spamdb -T` and `greydb -T` the spamtraps that they store. Another would never be found.
 */
export function lowerSpamtrap(spamtrap: SpamtrapRecord): SpamtrapRecord {
  return { ...spamtrap, address: spamtrap.address.replace(/[A-Z]+/g, text => text.toLowerCase()) };
}
