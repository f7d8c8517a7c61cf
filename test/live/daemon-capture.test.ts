import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isEngineInstalled } from '../../src/capture/capture-engines.js';
import { ENGINES } from '../../src/capture/capture-messages.js';
import { findAddon } from '../../src/native/addon.js';
import { isAlive, until } from '../integration/running-daemon.js';
import { noLab } from './capture-lab.js';
import { onHost, processStatus } from './daemon-host.js';

const NOBODY = 65_534;

/** How often an interface comes and goes. */
const ROUNDS = 20;
const NOTHING = '0000000000000000 0000000000000000 0000000000000000 0000000000000000';
const skipGenerator = noLab || (!isEngineInstalled('cap') && 'cap is not installed');

for (const engine of ENGINES) {
  const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

  test(`${engine}: connections in and out, IPv4 and IPv6, are in the database and in what query tells`, {
    skip,
  }, async () => {
    await onHost(async host => {
      const { lab, folder } = host;
      const daemon = host.start(engine);
      await daemon.logged(/^capturing on /i);
      await lab.connect('peer', '192.0.2.1');
      await daemon.logged(/^whitelisting 192\.0\.2\.2$/);
      await lab.connect('mx', '192.0.2.2');
      await lab.connect('peer', '2001:db8:25::1');
      await daemon.logged(/^whitelisting 2001:db8:25::2$/);
      await lab.connect('mx', '2001:db8:25::2');
      await until(() => folder.rows().every(({ pcount }) => pcount === 1));
      assert.deepEqual(
        folder.rows().map(({ ip }) => ip),
        ['192.0.2.2', '2001:db8:25::2'],
      );
      for (const address of ['192.0.2.2', '2001:db8:25::2']) {
        const { status, stdout } = folder.run('query', address, '--json', '--database', folder.database);
        assert.equal(status, 0);
        assert.match(stdout, new RegExp(address.replaceAll('.', '\\.')));
        assert.match(stdout, /"inbound":1,"outbound":1|"inbound": 1,\s*"outbound": 1/);
      }
      const status = folder.status();
      assert.deepEqual(
        [status.sightings, status.inbound, status.outbound, status.capture.engine, status.capture.linkType],
        [4, 2, 2, engine, 239],
      );
    });
  });

  test(`${engine}: monitor, engine and capture have the users and the capabilities that are theirs`, {
    skip,
  }, async () => {
    await onHost(async host => {
      const daemon = host.start(engine);
      await daemon.logged(/^capturing on /i);
      assert.deepEqual(processStatus(daemon.pid).uids, [0, 0, 0, 0]);
      const below = host.descendants(daemon.pid);
      assert.equal(below.length, 2);
      for (const { uids, gids, groups, capabilities } of below) {
        assert.deepEqual(uids, [NOBODY, NOBODY, NOBODY, NOBODY]);
        assert.deepEqual(gids, [NOBODY, NOBODY, NOBODY, NOBODY]);
        assert.deepEqual(
          groups.filter(group => group !== NOBODY),
          [],
        );
        assert.equal(capabilities, NOTHING);
      }
    });
  });

  test(`${engine}: an interface that goes down, up, away and comes back, ${ROUNDS} times, ends nothing`, {
    skip,
  }, async () => {
    await onHost(async host => {
      const { lab, folder } = host;
      const daemon = host.start(engine);
      await daemon.logged(/^capturing on /i);
      for (let round = 1; round <= ROUNDS; round++) {
        lab.setLink('down');
        lab.setLink('up');
        lab.removeLink();
        lab.addLink();
        await lab.connect('peer', '192.0.2.1');
        await until(() => folder.status().sightings === round);
      }
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.equal(folder.rows()[0]!.pcount, ROUNDS - 1);
    });
  });

  test(`${engine}: a capture that is killed is started again, and what was seen stays`, {
    skip,
  }, async () => {
    await onHost(async host => {
      const { lab, folder } = host;
      const daemon = host.start(engine);
      await daemon.logged(/^capturing on /i);
      await lab.connect('peer', '192.0.2.1');
      await until(() => folder.status().sightings === 1);
      process.kill(host.roles(daemon.pid).capture, 'SIGKILL');
      await until(() => {
        const { capture } = folder.status();
        return capture.restarts === 1 && capture.state === 'capturing';
      });
      await lab.connect('peer', '2001:db8:25::1');
      await until(() => folder.rows().length === 2);
      assert.equal(folder.status().sightings, 2);
    });
  });

  test(`${engine}: when engine or monitor is killed no process is left`, { skip }, async () => {
    await onHost(async host => {
      const first = host.start(engine);
      await first.logged(/^capturing on /i);
      const roles = host.roles(first.pid);
      process.kill(roles.engine, 'SIGKILL');
      assert.notEqual(await first.ended(), 0);
      await until(() => !isAlive(roles.capture));
      assert.ok(first.lines.some(({ msg }) => msg === 'the engine was killed by SIGKILL'));

      const second = host.start(engine, '--flush-interval', '3600');
      await second.logged(/^capturing on /i);
      const { engine: its, capture } = host.roles(second.pid);
      await host.lab.connect('peer', '192.0.2.1');
      await until(() => host.folder.status().sightings === 1);
      await host.lab.connect('peer', '192.0.2.1');
      await until(() => host.folder.status().sightings === 2);
      // The refresh waits: it is written by an engine that is alone.
      second.signal('SIGKILL');
      await until(() => !isAlive(its) && !isAlive(capture));
      assert.ok(!readdirSync(host.folder.path).includes('control'));
      assert.deepEqual(
        host.folder.rows().map(({ pcount }) => pcount),
        [1],
      );
    });
  });

  test(`${engine}: one process is killed, and the monitor right behind it: none is left`, {
    skip: skip || (engine === 'tcpdump' && findAddon() === undefined && 'the native addon is not built'),
  }, async () => {
    await onHost(async host => {
      for (let which = 0, count = 1; which < count; which++) {
        const daemon = host.start(engine);
        await daemon.logged(/^capturing on /i);
        const pids = host.descendants(daemon.pid).map(({ pid }) => pid);
        count = pids.length;
        process.kill(pids[which]!, 'SIGKILL');
        daemon.signal('SIGKILL');
        await daemon.ended();
        await until(() => !pids.some(isAlive));
      }
    });
  });

  test(`${engine}: SIGTERM under load loses nothing that was counted`, {
    skip: skip || skipGenerator,
  }, async () => {
    await onHost(async host => {
      const daemon = host.start(engine, '--log-level', 'info', '--flush-interval', '3600');
      await daemon.logged(/^capturing on /i);
      const generator = await host.generator();
      // More than it can send by then.
      generator.say('2000000 167772161 20000');
      await until(() => host.folder.status().sightings > 10_000);
      const { sightings } = host.folder.status();
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.ok(!generator.hasSaid(/^sent/), 'the load went on until the daemon had ended');
      await generator.end();
      const rows = host.folder.rows();
      assert.ok(rows.length >= sightings, `${rows.length} of ${sightings}`);
      assert.ok(rows.every(({ pcount }) => pcount === 0));
    });
  });

  test(`${engine}: of a burst of 200,000 SYNs every one is seen or counted as dropped`, {
    skip: skip || skipGenerator,
  }, async () => {
    const sent = 200_000;
    await onHost(async host => {
      const daemon = host.start(engine, '--log-level', 'info');
      await daemon.logged(/^capturing on /i);
      const generator = await host.generator();
      generator.say(`${sent} 167772161 0`);
      await generator.next(/^sent/, 60);
      const total = (): number => {
        const { sightings, drops } = host.folder.status();
        return sightings + (drops.kernel ?? 0) + drops.capture;
      };
      await until(() => total() >= sent, 60);
      await until(() => host.folder.status().database.waiting === 0, 60);
      const { sightings, drops, database } = host.folder.status();
      assert.equal(total(), sent);
      assert.equal(database.writtenSightings + drops.database, sightings);
      assert.equal(host.folder.rows().length, database.writtenSightings);
    });
  });
}

test('-i goes on with an interface that was made anew', { skip: noLab }, async () => {
  await onHost(async host => {
    const { lab, folder } = host;
    const daemon = host.start('auto', '-i', 'wire0');
    await daemon.logged(/^capturing on /i);
    await lab.connect('peer', '192.0.2.1');
    await until(() => folder.status().sightings === 1);
    lab.removeLink();
    lab.addLink();
    // Looked at twice a second.
    await until(async () => {
      await lab.connect('peer', '192.0.2.1');
      return folder.status().sightings > 1;
    }, 10);
  });
});

test('an NFLOG group that another process has: the log says which, and it is waited for', {
  skip: noLab,
}, async () => {
  await onHost(async host => {
    const { lab, folder } = host;
    const other = lab.start(lab.mx, ['tcpdump', '-i', 'nflog:155', '-l', '-n']);
    await until(() =>
      /^ *155 /m.test(
        execFileSync('ip', ['netns', 'exec', lab.mx, 'cat', '/proc/net/netfilter/nfnetlink_log'], {
          encoding: 'utf8',
        }),
      ),
    );
    const daemon = host.start('tcpdump');
    assert.match(await daemon.logged(/group 155/), /held by tcpdump \(pid \d+\)/);
    await other.end('SIGTERM');
    await daemon.logged(/^capturing on /i, 0, 40);
    await lab.connect('peer', '192.0.2.1');
    await until(() => folder.rows().length === 1);
  });
});

test('with a table an outbound SYN puts the peer into the set, and a flushed set is filled again', {
  skip: noLab,
}, async () => {
  await onHost(async host => {
    const { lab } = host;
    const nft = (...args: string[]): string =>
      execFileSync('ip', ['netns', 'exec', lab.mx, 'nft', ...args], { encoding: 'utf8' });
    nft('add', 'set', 'inet', 'spamlogd', 'white4', '{ type ipv4_addr; flags timeout; }');
    nft('add', 'set', 'inet', 'spamlogd', 'white6', '{ type ipv6_addr; flags timeout; }');
    const daemon = host.start(
      'auto',
      '--table',
      'nft:inet:spamlogd:white4:white6',
      '--reconcile-interval',
      '1',
    );
    await daemon.logged(/^capturing on /i);
    await lab.connect('mx', '192.0.2.2');
    await lab.connect('mx', '2001:db8:25::2');
    const hasBoth = (): boolean =>
      nft('list', 'set', 'inet', 'spamlogd', 'white4').includes('192.0.2.2') &&
      nft('list', 'set', 'inet', 'spamlogd', 'white6').includes('2001:db8:25::2');
    await until(hasBoth, 5);
    nft('flush', 'set', 'inet', 'spamlogd', 'white4');
    nft('flush', 'set', 'inet', 'spamlogd', 'white6');
    await until(hasBoth, 10);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.ok(hasBoth());
  });
});
