// Sends the same datagram to a UDP port over and over, as fast as it goes: ADDRESS PORT COUNT HEX; says `sent` at the end.

import { createSocket } from 'node:dgram';

const [address, port, count, hex] = process.argv.slice(2);
const bytes = Buffer.from(hex!, 'hex');
const AT_ONCE = 50;

const socket = createSocket('udp4');
socket.connect(Number(port), address, () => {
  let left = Number(count);
  // A refusal of what nobody reads is none of our business.
  socket.on('error', () => {});
  const more = (): void => {
    for (let i = 0; i < AT_ONCE && left > 0; i++, left--) socket.send(bytes, () => {});
    if (left > 0) setImmediate(more);
    else socket.close(() => process.stdout.write('sent\n'));
  };
  more();
});
