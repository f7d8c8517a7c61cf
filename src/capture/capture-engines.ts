// Which capture engines are installed, and which one `auto` means.

import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { ENGINES, type EngineName } from './capture-messages.js';
import { captureEnvironment } from './capture-process.js';

/** `--capture-engine`. */
export type EngineChoice = EngineName | 'auto';

/** What a package's build leaves when it succeeded: it may be installed without, its headers having been missing. */
const BUILT: Readonly<Record<string, string>> = {
  pcap: 'build/Release/pcap_binding.node',
  cap: 'build/Release/cap.node',
};

const HEADERS = "install libpcap's headers (Debian: libpcap-dev) and then npm";

const INSTALL = `${HEADERS} \`pcap\`, or install tcpdump, or read a stream with -l -`;

/** One line on an engine that is not installed, or whose package was installed without its native part. */
export function explainMissing(engine: EngineName): string {
  const install = engine === 'tcpdump' ? 'install tcpdump' : `${HEADERS} \`${engine}\``;
  return `Cannot use capture engine ${engine}: it is not installed; ${install}`;
}

/**
 * The engines to try, in this order; the first one that is `auto`'s choice. An engine asked for by name is not looked
 * for here: that it does not start says why.
 *
 * @throws Error when there is none at all.
 */
export function chooseEngines(
  choice: EngineChoice,
  isInstalled: (engine: EngineName) => boolean = isEngineInstalled,
): [EngineName, ...EngineName[]] {
  if (choice !== 'auto') return [choice];
  const [first, ...others] = ENGINES.filter(isInstalled);
  if (first === undefined) throw new Error(`Cannot capture: no engine is installed; ${INSTALL}`);
  return [first, ...others];
}

/** Whether an engine is installed, without loading it: that is for the capture child alone. */
export function isEngineInstalled(engine: EngineName): boolean {
  return engine === 'tcpdump' ? isProgramInstalled(engine) : isPackageBuilt(engine);
}

function isPackageBuilt(name: string): boolean {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return existsSync(join(dirname(manifest), BUILT[name]!));
  } catch {
    return false;
  }
}

function isProgramInstalled(name: string): boolean {
  return captureEnvironment()
    .PATH.split(delimiter)
    .some(folder => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
