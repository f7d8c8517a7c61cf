import { MemoryStore } from '../../src/store/memory-store.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { storeContract } from '../contract/store.js';
import { makeGreydDatabase, plant, plantGarbage, temporary } from './sqlite-subject.js';

const nobodyElse = 'nobody else writes to memory';

storeContract({
  name: 'MemoryStore',
  open: async () => {
    const store = new MemoryStore();
    const fail = async (): Promise<never> => {
      throw new Error(nobodyElse);
    };
    return { store, plant: fail, plantGarbage: fail, release: () => store.close() };
  },
  gaps: { tarpit: nobodyElse, garbage: nobodyElse },
});

storeContract(
  {
    name: 'MemoryStore over another',
    open: async () => {
      const { path, remove } = temporary();
      makeGreydDatabase(path);
      const store = new MemoryStore(new SqliteStore(path, { isReadOnly: true }));
      return {
        store,
        plant: async records => plant(path, records),
        plantGarbage: async entry => plantGarbage(path, entry),
        release: async () => {
          await store.close();
          remove();
        },
      };
    },
  },
  10,
);
