import { WorkerStore } from '../../src/store/worker-store.js';
import { storeContract } from '../contract/store.js';
import { plant, plantGarbage, temporary } from './sqlite-subject.js';

storeContract(
  {
    name: 'WorkerStore',
    open: async () => {
      const { path, remove } = temporary();
      const store = WorkerStore.start(path, { canCreate: true });
      await store.opened();
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
