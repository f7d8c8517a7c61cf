// Says each datagram that comes to a UDP port, in hexadecimal: ADDRESS PORT. With a line `ADDRESS HEX` on standard input
// it sends one to that port of another machine, from a port of its own, and answers `sent`.

import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [address, port] = [process.argv[2]!, Number(process.argv[3])];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const socket = createSocket('udp4');
socket.on('message', bytes => say(`heard ${bytes.toString('hex')}`));
socket.bind(port, address, () => say('ready'));

const sender = createSocket('udp4');
createInterface(process.stdin).on('line', line => {
  const [to, hex = ''] = line.split(' ');
  sender.send(Buffer.from(hex, 'hex'), port, to, error => say(error ? `failed ${error.message}` : 'sent'));
});
