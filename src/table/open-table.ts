// Opens the table that a configuration names, loading only the driver of its firewall.

import type { Runner } from './runner.js';
import type { Table } from './table.js';
import type { TableSpec } from './table-spec.js';

/** The table that `spec` names, its firewall's program run by `runner`. Touches no firewall yet. */
export async function openTable(spec: TableSpec, runner: Runner): Promise<Table> {
  switch (spec.kind) {
    case 'pf': {
      const { PfTable } = await import('./pf.js');
      return new PfTable(spec, runner);
    }
    case 'nft': {
      const { NftTable } = await import('./nft.js');
      return new NftTable(spec, runner);
    }
    case 'none': {
      const { NullTable } = await import('./null.js');
      return new NullTable();
    }
  }
}
