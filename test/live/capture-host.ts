// A host of the lab: listens on port 25, connects, and floods, as it is told on standard input.

import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

createServer(socket => socket.on('error', () => {}).destroy()).listen(25, '::', () => say('listening'));

const flooder = createSocket('udp4');
flooder.bind(0, '127.0.0.1');

createInterface(process.stdin).on('line', line => {
  const [order, argument] = line.split(' ');
  if (order === 'connect') {
    const socket = connect(25, argument!);
    socket.on('connect', () => socket.destroy()).on('error', () => {});
    socket.on('close', () => say(`connected ${argument}`));
  }
  if (order === 'flood') void flood(Number(argument)).then(() => say('flooded'));
});

async function flood(packets: number): Promise<void> {
  const payload = Buffer.alloc(20);
  for (let sent = 0; sent < packets; ) {
    const batch = Math.min(500, packets - sent);
    await new Promise<void>(resolve => {
      let left = batch;
      const done = (error: Error | null): void => {
        if (error) throw error;
        if (--left === 0) resolve();
      };
      for (let i = 0; i < batch; i++) flooder.send(payload, 2525, '127.0.0.1', done);
    });
    sent += batch;
  }
}
