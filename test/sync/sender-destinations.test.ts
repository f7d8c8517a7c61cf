import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { hostTarget, settle, TestSocket, TestSurroundings, until } from './helpers.js';
import { closing, DAY, heard, KEY, NOW, openSender, seen, WHITEEXP } from './open-sender.js';

test('every address of a host is told, one that two targets have only once', async () => {
  const { sender, socket } = await openSender({
    targets: [
      { kind: 'host', text: 'mx2', addresses: ['127.0.0.1', '127.0.0.2'] },
      { kind: 'host', text: 'mx3', addresses: ['127.0.0.1'] },
    ],
  });
  const second = await new TestSocket().open('127.0.0.2', socket.port);
  closing.push(second);
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => socket.heard.length === 1 && second.heard.length === 1);
  await settle();
  assert.equal(socket.heard.length, 1);
  assert.deepEqual(socket.heard[0]!.bytes, second.heard[0]!.bytes);
  const targets = sender.status().targets.map(({ target, links }) => [target, links.map(one => one.address)]);
  assert.deepEqual(targets, [
    ['mx2', ['127.0.0.1', '127.0.0.2']],
    ['mx3', []],
  ]);
  assert.equal(sender.owns(socket.heard[0]!.address, socket.heard[0]!.port), true);
});

test('a push to a target goes to its addresses, whichever target had them first', async () => {
  const { sender, socket, surroundings } = await openSender({
    targets: [
      hostTarget('127.0.0.1'),
      { kind: 'host', text: 'mx2', addresses: ['127.0.0.1'] },
      { kind: 'host', text: 'mx3', addresses: ['127.0.0.9'] },
    ],
  });
  const pushing = sender.push([{ address: '192.0.2.1', expire: NOW + 5 }], { to: ['mx2'] });
  await until(() => socket.heard.length === 1);
  await surroundings.advance(1);
  assert.deepEqual(await pushing, { addresses: 1, messages: 1, skipped: 0, end: 'complete' });
});

test('an address that two targets have is told on when the first of them has moved', async () => {
  const { sender, socket, surroundings } = await openSender({
    targets: [
      { kind: 'host', text: 'mx2', addresses: ['127.0.0.1'] },
      { kind: 'host', text: 'mx3', addresses: ['127.0.0.1'] },
    ],
  });
  surroundings.hosts = { mx2: ['127.0.0.9'], mx3: ['127.0.0.1'] };
  await surroundings.advance(2 * DAY);
  await until(() => sender.status().targets[1]!.links.length === 1);
  sender.announce([seen('192.0.2.1', surroundings.now(), true)]);
  await until(() => socket.heard.length === 1);
});

test('an interface is told by its group, each group and interface once', async () => {
  const target = { kind: 'interface', interface: 'lo', ttl: 1 } as const;
  const { sender } = await openSender({
    targets: [
      { ...target, text: 'lo' },
      { ...target, text: 'lo:3', ttl: 3 },
    ],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  const [first, second] = sender.status().targets;
  assert.deepEqual([first?.target, first?.kind, second?.links], ['lo', 'interface', []]);
  const { address, messages, entries, reachability } = first!.links[0]!;
  assert.deepEqual(
    { address, messages, entries, reachability },
    { address: '224.0.1.240', messages: 1, entries: 1, reachability: 'reachable' },
  );
});

test('a host that moves is followed', async () => {
  const { sender, socket, surroundings, log } = await openSender({
    targets: [{ kind: 'host', text: 'mx2', addresses: ['127.0.0.2'] }],
  });
  surroundings.hosts = { mx2: ['127.0.0.1'] };
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => log.lines.length === 2);
  assert.deepEqual(log.lines, [
    'warn Sync target "mx2" (127.0.0.2) is unreachable (ECONNREFUSED)',
    'info Sync: "mx2" has the addresses 127.0.0.1',
  ]);
  await settle();
  sender.announce([seen('192.0.2.2', NOW, true)]);
  assert.deepEqual(
    (await heard(socket, 1)).map(({ entries }) => entries),
    [[`192.0.2.2 ${WHITEEXP}`]],
  );
  const { reachability, address } = sender.status().targets[0]!.links[0]!;
  assert.deepEqual({ reachability, address }, { reachability: 'reachable', address: '127.0.0.1' });
});

test('a host that cannot be resolved at first is told as soon as it can', async () => {
  const { sender, socket, surroundings } = await openSender({
    targets: [{ kind: 'host', text: 'mx2', addresses: [] }],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  surroundings.hosts = { mx2: ['127.0.0.1'] };
  await surroundings.advance(30);
  await until(() => sender.status().targets[0]!.links.length === 1);
  await settle();
  sender.announce([seen('192.0.2.2', NOW + 30, true)]);
  const [message] = await heard(socket, 1);
  assert.deepEqual(message?.entries, [`192.0.2.2 ${30 + WHITEEXP}`]);
});

test('a name that turns out late to be neither a host nor an interface is an error in the log, once', async () => {
  const surroundings = new TestSurroundings();
  surroundings.hosts = { later: { code: 'EAI_AGAIN' } };
  const { log } = await openSender({
    targets: [
      { kind: 'host', text: 'mx9', addresses: [] },
      { kind: 'host', text: 'later', addresses: [] },
    ],
    surroundings,
  });
  await settle();
  const lines = [
    'error Sync target "mx9" is neither a host (ENOTFOUND) nor an interface with an IPv4 address',
    'warn Sync: cannot resolve "later" (EAI_AGAIN)',
  ];
  assert.deepEqual(log.lines, lines);
  await surroundings.advance(3600);
  assert.deepEqual(log.lines, lines);
  surroundings.hosts = {};
  await surroundings.advance(7200);
  assert.deepEqual(log.lines, [
    ...lines,
    'error Sync target "later" is neither a host (ENOTFOUND) nor an interface with an IPv4 address',
  ]);
});

test('the return of a target is told once, with its address to push to', async () => {
  const returns: { target: string; address: string }[] = [];
  const { sender, socket, surroundings, log } = await openSender({
    onReturn: ({ target, address }) => returns.push({ target, address }),
    targets: [hostTarget('127.0.0.3')],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => log.lines.length === 1);
  const third = await new TestSocket().open('127.0.0.3', socket.port);
  closing.push(third);
  await surroundings.advance(5);
  await until(() => third.heard.length === 1);
  assert.deepEqual(decodeSyncMessage(third.heard[0]!.bytes, KEY), { counter: 1, entries: [] });
  await surroundings.advance(20);
  await until(() => returns.length === 1);
  await surroundings.advance(100);
  assert.deepEqual(returns, [{ target: '127.0.0.3', address: '127.0.0.3' }]);
  assert.deepEqual(log.lines, [
    'warn Sync target 127.0.0.3 is unreachable (ECONNREFUSED)',
    'info Sync target 127.0.0.3 is back after 15 s',
  ]);
});
