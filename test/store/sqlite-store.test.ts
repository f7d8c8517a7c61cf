import { SqliteStore } from '../../src/store/sqlite-store.js';
import { storeContract } from '../contract/store.js';
import { plant, plantGarbage, temporary } from './sqlite-subject.js';

storeContract({
  name: 'SqliteStore',
  open: async () => {
    const { path, remove } = temporary();
    const store = new SqliteStore(path, { canCreate: true });
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
});
