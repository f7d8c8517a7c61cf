// The rules that pf has loaded, as text.

import type { Dialect } from '../source.js';
import type { CommandResult, System } from './system.js';

/** The rules, or why they cannot be read. */
export type LiveRules = { readonly text: string; readonly problem?: never } | { readonly problem: string };

/**
 * Asks pfctl for all rules with their numbers, anchors included; on FreeBSD for the translation rules too. What it
 * skips (`set skip`) comes first, as pf.conf would say it.
 */
export async function readLiveRules(system: System, dialect: Dialect, pfctl: string): Promise<LiveRules> {
  const filter = await system.run(pfctl, ['-a', '*', '-vvsr']);
  if (filter.status !== 0) return { problem: commandProblem(`${pfctl} -a '*' -vvsr`, filter) };
  const skip = skippedInterfaces(await system.run(pfctl, ['-v', '-s', 'Interfaces']));
  const texts = [skip.length === 0 ? '' : `set skip on { ${skip.join(', ')} }`, filter.stdout];
  if (dialect === 'freebsd') {
    const nat = await system.run(pfctl, ['-a', '*', '-vvsn']);
    if (nat.status !== 0) return { problem: commandProblem(`${pfctl} -a '*' -vvsn`, nat) };
    texts.push(nat.stdout);
  }
  return { text: texts.join('\n') };
}

/** Why a command did not do what it should, on one line. */
export function commandProblem(command: string, { status, stderr }: CommandResult): string {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const how = status === null ? 'could not be run' : `ended with status ${status}`;
  return `${command} ${how}${said === '' ? '' : `: ${said}`}`;
}

function skippedInterfaces({ stdout }: CommandResult): string[] {
  return [...stdout.matchAll(/^(\S+) \(skip\)/gm)].map(match => match[1]!);
}

/** The limit on table entries of `pfctl -s memory`; undefined where it does not say. */
export function parseTableLimit(text: string): number | undefined {
  const match = /^table-entries\s+hard limit\s+(\d+)/m.exec(text);
  return match ? Number(match[1]) : undefined;
}

/**
 * The checksum of the loaded rules that `pfctl -v -s info` prints: it changes when the main ruleset does, but not when
 * a program fills an anchor. Undefined where pfctl cannot be asked.
 */
export async function readRulesChecksum(system: System, pfctl: string): Promise<string | undefined> {
  const { status, stdout } = await system.run(pfctl, ['-v', '-s', 'info']);
  return status === 0 ? /^Checksum: (\S+)/m.exec(stdout)?.[1] : undefined;
}
