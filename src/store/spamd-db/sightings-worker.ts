// The worker thread that holds the database of sightings.

import { workerData } from 'node:worker_threads';
import { Batch } from '../../whitelist/batch.js';
import { serve } from '../worker-port.js';
import type { WorkerSetup } from '../worker-protocol.js';
import { SightingsFile } from './sightings-file.js';
import type { BookRequest } from './worker-book.js';

function answer(file: SightingsFile, request: BookRequest): unknown {
  if (request.method === 'apply') return file.apply(new Batch(request.words, request.rules));
  return (file[request.method] as (...args: unknown[]) => unknown)(...request.args);
}

const { path, options } = workerData as WorkerSetup;
serve<SightingsFile, BookRequest>({ open: () => new SightingsFile(path, options), answer });
