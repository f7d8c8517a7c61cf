// Whether programs, files and users are there with the permissions they need.

import type { Finding } from '../check/report.js';
import { systemFinding } from './finding.js';
import type { System } from './system.js';

/** Whether the program is there and may be run. */
export async function probeProgram(system: System, path: string): Promise<Finding[]> {
  const info = await system.stat(path);
  if (!info)
    return [
      systemFinding('program-missing', 'error', `There is no ${path}.`, 'Install it, or name its place.'),
    ];
  if (info.mode & 0o111) return [];
  return [
    systemFinding('program-not-executable', 'error', `${path} may not be run.`, 'Set its mode to 0755.'),
  ];
}

/** The numeric id of a user; a finding where there is no such user. */
export async function probeUser(
  system: System,
  user: string,
): Promise<{ uid?: number; findings: Finding[] }> {
  const result = await system.run('/usr/bin/id', ['-u', user]);
  const uid = Number(result.stdout.trim());
  if (result.status === 0 && result.stdout.trim() !== '' && Number.isInteger(uid))
    return { uid, findings: [] };
  const message = `There is no user ${user}.`;
  return {
    findings: [systemFinding('user-missing', 'error', message, 'Install the tarpit, which brings the user.')],
  };
}

/** Whether the user may read and write the database, and nobody else may write it. */
export async function probeDatabase(
  system: System,
  path: string,
  user: string,
  uid: number | undefined,
): Promise<Finding[]> {
  const info = await system.stat(path);
  if (!info) {
    const message = `There is no database ${path}.`;
    return [
      systemFinding('database-missing', 'error', message, 'Start the tarpit once: it makes its database.'),
    ];
  }
  const mode = info.mode.toString(8).padStart(4, '0');
  const isOwn = uid === undefined || info.uid === uid;
  if (!isOwn || (info.mode & 0o600) !== 0o600) {
    const message = `The database ${path} (mode ${mode}) is not ${user}'s to read and write.`;
    return [
      systemFinding(
        'database-permissions',
        'error',
        message,
        'Give it to that user.',
        `chown ${user} ${path}`,
      ),
    ];
  }
  if (!(info.mode & 0o002)) return [];
  const message = `Everybody may write the database ${path} (mode ${mode}).`;
  return [systemFinding('database-open', 'error', message, 'Take that away.', `chmod o-w ${path}`)];
}

/** Whether the key of the synchronisation is there and secret. */
export async function probeKeyFile(system: System, path: string): Promise<Finding[]> {
  const info = await system.stat(path);
  if (!info) {
    const message = `There is no key file ${path}, so messages to other hosts are signed with an empty key.`;
    return [systemFinding('key-missing', 'warning', message, 'Make one, and copy it to all hosts.')];
  }
  if (!(info.mode & 0o077)) return [];
  const message = `The key file ${path} (mode ${info.mode.toString(8).padStart(4, '0')}) is open to others.`;
  return [
    systemFinding('key-open', 'warning', message, 'Make it readable by root alone.', `chmod 600 ${path}`),
  ];
}
