import { NullTable } from '../../src/table/null.js';
import { PfTable } from '../../src/table/pf.js';
import { createRunner } from '../../src/table/runner.js';
import { PfctlDouble } from '../doubles/pfctl-double.js';
import type { PfState } from '../doubles/pfctl-state.js';
import { MemoryTable } from '../table/memory-table.js';
import { type TableUnderTest, tableContract } from './table.js';

tableContract(
  'null',
  async () => ({ table: new NullTable(), drop: async () => undefined, close: async () => undefined }),
  {
    holds: 'there is nothing to hold it',
    vanishes: 'there is nothing to vanish',
    lives: 'there is nothing to live',
  },
);

tableContract(
  'memory',
  async () => ({ table: new MemoryTable(), drop: async () => undefined, close: async () => undefined }),
  {
    vanishes: 'a Map does not vanish',
  },
);

/** A pf table in the main ruleset or an anchor, reached through the double of pfctl(8). */
async function openPf(anchor: string, state: Partial<PfState>): Promise<TableUnderTest> {
  const key = anchor === '' ? 'spamd-white' : `${anchor}/spamd-white`;
  const double = new PfctlDouble({
    ...state,
    anchors: [anchor],
    tables: { [key]: { flags: '-pa-r--', addresses: [] } },
  });
  const table = new PfTable(
    { kind: 'pf', anchor, table: 'spamd-white' },
    createRunner({ commands: double.commands }),
  );
  return {
    table,
    drop: async () => double.change(pf => void delete pf.tables[key]),
    close: async () => double.remove(),
  };
}

const lives = 'entries of pf stay until they are removed';
tableContract('pf on OpenBSD', () => openPf('', { platform: 'openbsd' }), { lives });
tableContract('pf on FreeBSD, in an anchor', () => openPf('spam/white', { platform: 'freebsd' }), { lives });
