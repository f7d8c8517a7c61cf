// No firewall: takes whatever it is given, as a firewall's driver would, and holds nothing.

import { type Entries, EntryList } from './entry-list.js';
import type { ReplaceOptions, Table, TableChange } from './table.js';
import { checkChange, checkEntries, checkItems, refuseEmpty } from './table-entry.js';

/** The table of `--table none`. */
export class NullTable implements Table {
  readonly name = 'no table';
  readonly families = { ipv4: true, ipv6: true } as const;

  async probe(): Promise<{ forgets: boolean; warnings: string[] }> {
    return { forgets: true, warnings: [] };
  }

  async read(): Promise<EntryList> {
    return new EntryList();
  }

  async add(entries: Entries): Promise<void> {
    await checkEntries(entries);
  }

  async remove(addresses: readonly string[]): Promise<void> {
    await checkItems(addresses);
  }

  async replace(entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    await checkEntries(entries);
    refuseEmpty(this.name, entries, options);
  }

  async dryRun(change: TableChange): Promise<void> {
    await checkChange(change);
  }

  async fingerprint(): Promise<undefined> {
    return undefined;
  }
}
