// The npm packages that capture, loaded in the child alone.

import { createRequire } from 'node:module';
import { explainMissing } from '../capture-engines.js';
import { CaptureError, type PackageEngine } from '../capture-messages.js';

/** The package's exports. @throws CaptureError with code `engine` when it is missing or does not load */
export function loadPackage(engine: PackageEngine): unknown {
  try {
    return createRequire(import.meta.url)(engine);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') throw new CaptureError('engine', explainMissing(engine), { cause });
    const reason = message.split('\n')[0];
    throw new CaptureError('engine', `Cannot use capture engine ${engine}: ${reason}`, { cause });
  }
}
