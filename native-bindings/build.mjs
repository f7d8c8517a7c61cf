// Builds the addon at install time. What needs no addon (replay, queries) must install without a compiler, so a build
// that fails costs one line here, and another where a feature asks for the addon. With --required it is an error.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const isRequired = process.argv.includes('--required');
const reason = build();
if (reason !== undefined) {
  process.stderr.write(
    `spamlogd: native addon not built (${reason}); replay and queries do without it, the daemon says where it needs it\n`,
  );
  if (isRequired) process.exitCode = 1;
}

/** Why it was not built, or undefined. */
function build() {
  const nodeGyp = process.env['npm_config_node_gyp'];
  if (nodeGyp === undefined) return 'node-gyp comes with npm: use `npm run build:native`';
  const args = [nodeGyp, 'rebuild', '--directory', folder, ...headers()];
  const built = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (built.error) return built.error.message;
  if (built.status === 0) return undefined;
  if (isRequired) process.stderr.write(built.stderr);
  return [...built.stderr.matchAll(/^gyp ERR! stack (?!at )(.+)/gm)].map(match => match[1]).join(' ');
}

/** The headers that came with this Node spare a download. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? ['--nodedir', prefix] : [];
}
