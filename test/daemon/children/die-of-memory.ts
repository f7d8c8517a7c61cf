// Asks a database for more than its thread has memory for, and tells what it answers then and afterwards.

import { LiveDatabase } from '../../../src/daemon/live-database.js';
import { parseArgv } from '../../../src/options/argv.js';
import { readSettings } from '../../../src/options/settings.js';

const [path] = process.argv.slice(2) as [string];
const told: string[] = [];
const say = (text: string): void => void told.push(text);
const fail = ({ message }: Error): void => say(message);

const settings = await readSettings(parseArgv(['--database', path]));
const database = await LiveDatabase.open(settings, {
  warn: say,
  onOpened: () => say('opened'),
  onUnusable: fail,
  onReplaced: () => say('replaced'),
  onRevived: () => say('revived'),
  onFailure: fail,
});
await database.storeInPlace().expireWhite(2_000_000_000).catch(fail);
try {
  database.storeInPlace();
} catch (error) {
  fail(error as Error);
}
await database.check();
const expired = await database.storeInPlace().expireWhite(2_000_000_000, 1000);
await database.close();
process.stdout.write(JSON.stringify({ told, expired: expired.length }));
