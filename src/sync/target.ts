// Who is told: what -Y means on this machine, a host or an interface, decided as spamlogd(8) decides it.

import type { Parsed, TargetText } from './settings.js';
import { DEFAULT_TTL, parseSyncTarget } from './settings.js';
import type { Surroundings } from './surroundings.js';

/** A host is told at each of its addresses, an interface by multicast. `text` is as the administrator wrote it. */
export type SyncTarget =
  | { readonly kind: 'host'; readonly text: string; readonly addresses: readonly string[] }
  | {
      readonly kind: 'interface';
      readonly text: string;
      readonly interface: string;
      readonly ttl: number;
    };

/**
 * What a target is. A name is a host if it resolves, else an interface if this machine has one of that name, and else
 * an error that names both readings, where spamlogd(8) tries to open an interface of the name.
 *
 * A host whose name cannot be resolved for now (EAI_AGAIN) has no addresses yet and is asked for again later, so that
 * a name server that starts after us stops nobody.
 */
export async function resolveTarget(
  text: string,
  target: TargetText,
  surroundings: Pick<Surroundings, 'lookup' | 'interfaceAddresses'>,
): Promise<Parsed<SyncTarget>> {
  if (target.kind === 'address') return { value: { kind: 'host', text, addresses: [target.address] } };
  const interfaces = new Set(surroundings.interfaceAddresses().map(one => one.interface));
  const known = `this machine has ${[...interfaces].join(', ') || 'none with an IPv4 address'}`;
  if (target.kind === 'interface') {
    if (interfaces.has(target.interface)) return { value: { ...target, text } };
    return { error: `is not an interface with an IPv4 address: ${known}` };
  }
  let code: string;
  try {
    const addresses = await surroundings.lookup(target.name);
    if (addresses.length > 0) return { value: { kind: 'host', text, addresses } };
    code = 'no IPv4 address';
  } catch (error) {
    code = String((error as NodeJS.ErrnoException).code ?? error);
  }
  if (interfaces.has(target.name)) {
    return { value: { kind: 'interface', text, interface: target.name, ttl: DEFAULT_TTL } };
  }
  if (code === 'EAI_AGAIN') return { value: { kind: 'host', text, addresses: [] } };
  return { error: `is neither a host (${code}) nor an interface with an IPv4 address (${known})` };
}

/**
 * What the targets of `-Y` are on this machine; all names are asked for at once.
 *
 * @param patienceSeconds how long to wait for an answer; a name without one is taken as one that cannot be resolved for now
 * @throws {Error} in one line for one that is neither host nor interface
 */
export function resolveTargets(
  texts: readonly string[],
  surroundings: Pick<Surroundings, 'lookup' | 'interfaceAddresses' | 'schedule'>,
  patienceSeconds: number = Number.POSITIVE_INFINITY,
): Promise<SyncTarget[]> {
  const patient = {
    lookup: (host: string) => inTime(surroundings.lookup(host), patienceSeconds, surroundings),
    interfaceAddresses: () => surroundings.interfaceAddresses(),
  };
  return Promise.all(
    texts.map(async text => {
      const parsed = parseSyncTarget(text);
      const target = 'error' in parsed ? parsed : await resolveTarget(text, parsed.value, patient);
      if ('error' in target) throw new Error(`-Y ${text}: ${target.error}`);
      return target.value;
    }),
  );
}

/** What is asked for, or after that long an error as of a name server that does not answer. */
async function inTime<Value>(
  asked: Promise<Value>,
  seconds: number,
  surroundings: Pick<Surroundings, 'schedule'>,
): Promise<Value> {
  if (seconds === Number.POSITIVE_INFINITY) return asked;
  let cancel = (): void => {};
  const tooLate = new Promise<never>((_resolve, reject) => {
    cancel = surroundings.schedule(1000 * seconds, () => {
      reject(Object.assign(new Error(`No answer in ${seconds} s`), { code: 'EAI_AGAIN' }));
    });
  });
  return Promise.race([asked, tooLate]).finally(cancel);
}
