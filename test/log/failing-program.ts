// A program that logs lines of a given length and ends, for descriptor-writer.test.ts: by a defect, or by process.exit().

import { openLog } from '../../src/log/logger.js';

const [how, lines] = process.argv.slice(2);
const { logger } = openLog({ format: 'json', level: 'info' });
for (let i = 0; i < Number(lines); i++) logger.info(`line ${i}`);
setImmediate(() => {
  if (how === 'exit') process.exit(3);
  throw new Error('a defect');
});
