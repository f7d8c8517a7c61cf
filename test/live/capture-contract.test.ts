import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isEngineInstalled } from '../../src/capture/capture-engines.js';
import { ENGINES } from '../../src/capture/capture-messages.js';
import { lookupAccount } from '../../src/system/account.js';
import { fileOf, inLab, noLab } from './capture-lab.js';

/** Why no other user can run what was built here, or false. */
const noOtherUser: string | false =
  !noLab &&
  spawnSync('setpriv', ['--reuid', 'nobody', '--clear-groups', 'test', '-r', fileOf('capture-driver.js')])
    .status !== 0 &&
  'needs setpriv(1), and a checkout that user nobody can read';

/** Fields of /proc/PID/status. */
function statusOf(pid: string, fields: readonly string[]): Record<string, string> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(
    fields.map(field => [field, new RegExp(`^${field}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)![1]!]),
  );
}

for (const engine of ENGINES) {
  const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

  test(`${engine}: connections of both directions and families come from NFLOG as link type 239`, {
    skip,
  }, async () => {
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155,255');
      await capture.next(new RegExp(`^capturing with ${engine} `));
      for (const [from, address, record] of [
        ['peer', '192.0.2.1', '239 group 155 192.0.2.2 > 192.0.2.1'],
        [
          'peer',
          '2001:db8:25::1',
          '239 group 155 2001:0db8:0025:0000:0000:0000:0000:0002 > 2001:0db8:0025:0000:0000:0000:0000:0001',
        ],
        ['mx', '192.0.2.2', '239 group 255 192.0.2.1 > 192.0.2.2'],
        [
          'mx',
          '2001:db8:25::2',
          '239 group 255 2001:0db8:0025:0000:0000:0000:0000:0001 > 2001:0db8:0025:0000:0000:0000:0000:0002',
        ],
      ] as const) {
        await lab.connect(from, address);
        assert.equal(await capture.next(/^239 /), record);
      }
      capture.say('stop');
      await capture.next(/^stopped$/);
      const totals = JSON.parse((await capture.next(/^totals/)).slice(7));
      assert.equal(totals.records, 4);
      assert.equal(totals.droppedQueue, 0);
      assert.equal(totals.restarts, 0);
      if (engine !== 'tcpdump') assert.deepEqual([totals.received, totals.droppedKernel], [4, 0]);
    });
  });

  test(`${engine}: from an interface come the beginnings of connections and nothing else`, {
    skip,
  }, async () => {
    await inLab(async lab => {
      const capture = lab.capture(engine, 'wire0');
      await capture.next(/^capturing/);
      await lab.connect('peer', '192.0.2.1');
      await lab.connect('mx', '192.0.2.2');
      await lab.connect('peer', '2001:db8:25::1');
      const ipv6 = '2001:0db8:0025:0000:0000:0000:0000:000';
      for (const record of ['192.0.2.2 > 192.0.2.1', '192.0.2.1 > 192.0.2.2', `${ipv6}2 > ${ipv6}1`]) {
        assert.equal(await capture.next(/^1 /), `1 ${record}`);
      }
      capture.say('stop');
      assert.equal(JSON.parse((await capture.next(/^totals/)).slice(7)).records, 3);
    });
  });

  test(`${engine}: the privileges are gone, and it captures on`, { skip }, async () => {
    const { uid, gid } = lookupAccount('nobody');
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { user: 'nobody' });
      const [, pid] = / pid (\d+)$/.exec(await capture.next(/^capturing/))!;
      assert.deepEqual(statusOf(pid!, ['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapAmb']), {
        Uid: Array(4).fill(uid).join('\t'),
        Gid: Array(4).fill(gid).join('\t'),
        Groups: `${gid}`,
        CapInh: '0000000000000000',
        CapPrm: '0000000000000000',
        CapEff: '0000000000000000',
        CapAmb: '0000000000000000',
      });
      await lab.connect('peer', '192.0.2.1');
      assert.equal(await capture.next(/^239 /), '239 group 155 192.0.2.2 > 192.0.2.1');
    });
  });

  test(`${engine}: a user that cannot be taken on is fatal`, { skip }, async () => {
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { user: 'root' });
      assert.match(await capture.next(/^(failed|capturing|waiting)/), /^failed privileges /);
    });
  });

  test(`${engine}: CAP_NET_ADMIN alone is enough for NFLOG, and without it the error says so`, {
    skip: skip || noOtherUser,
  }, async () => {
    const { uid, gid } = lookupAccount('nobody');
    const command = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
    const keep = ['--inh-caps', '+net_admin', '--ambient-caps', '+net_admin'];
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { command: [...command, ...keep] });
      await capture.next(/^capturing/);
      await lab.connect('peer', '192.0.2.1');
      assert.equal(await capture.next(/^239 /), '239 group 155 192.0.2.2 > 192.0.2.1');
      await capture.end();

      const powerless = lab.capture(engine, 'nflog:155', { command });
      assert.equal(
        await powerless.next(/^(failed|capturing|waiting)/),
        'failed permission Cannot capture on "nflog:155": NFULNL_CFG_CMD_PF_UNBIND: Operation not permitted',
      );
    });
  });
}

test('auto begins with npm pcap', {
  skip: noLab || (!isEngineInstalled('pcap') && 'pcap is not installed'),
}, async () => {
  await inLab(async lab => {
    await lab.capture('auto', 'nflog:155').next(/^capturing with pcap /);
  });
});
