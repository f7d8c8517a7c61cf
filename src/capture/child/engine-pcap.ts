// The engine of npm `pcap` (3.1.0). What it gets wrong, and what is done about it here:
// - It hands out one buffer for all packets: they are copied by whoever takes them.
// - A read error is counted as an empty read and told to nobody: the read callback is ours.
// - When poll(2) reports an error (interface down or gone, receive buffer overrun) libuv gives the descriptor up for
//   good. The poll handle is the only thing that keeps this process's event loop alive, so 'beforeExit' tells.
// - On NFLOG with a small snap length it spins on an error for ever: too many empty reads in a row end the capture.
// - close() does not let the process end on a quiet source, and leaks: it is never called.

import { type OpenDevice, type OpenEngine, parseLinkType } from './engine.js';
import { loadPackage } from './load-package.js';

/** What is used of the package. */
interface PcapPackage {
  warningHandler: (text: string) => void;
  readonly lib_version: string;
  createSession(
    device: string,
    options: {
      readonly filter: string;
      readonly snap_length: number;
      readonly buffer_size: number;
      readonly buffer_timeout: number;
      readonly promiscuous: boolean;
    },
  ): PcapSession;
}

interface PcapSession {
  readonly link_type: string;
  readonly buf: Buffer;
  /** Seconds, microseconds, captured length, length: four words of this host. */
  readonly header: Buffer;
  readonly session: {
    read_callback: () => void;
    /** 0 or -1: no more packets; -1 is an error, but on NFLOG also what EAGAIN gives. */
    dispatch(buf: Buffer, header: Buffer): number;
  };
  on(event: 'packet', listener: () => void): void;
  stats(): { readonly ps_drop: number };
}

const KERNEL_BUFFER_BYTES = 10 * 1024 * 1024;

/** Wake-ups in a row without a packet: a few are ordinary, a spin has 100,000 a second. */
const EMPTY_READS = 10_000;

/** Opens a device with npm `pcap`. */
export const openPcap: OpenEngine = ({ device, filter, onLost }): OpenDevice => {
  const pcap = loadPackage('pcap') as PcapPackage;
  pcap.warningHandler = () => {};
  const session = pcap.createSession(device.name, {
    filter,
    snap_length: device.snapLength,
    buffer_size: KERNEL_BUFFER_BYTES,
    // 0 asks for immediate mode.
    buffer_timeout: 0,
    promiscuous: false,
  });
  const { session: binding, buf, header } = session;
  const words = new Uint32Array(header.buffer, header.byteOffset, 4);
  let packets = 0;
  let wakeUps = 0;
  let emptyReads = 0;
  let unseen = 0;

  /** Delivers what there is; gives how many packets that was. */
  const read = (): number => {
    const before = packets;
    const result = binding.dispatch(buf, header);
    if (result === -1 && device.kind !== 'nflog') onLost('lost', 'the interface went away');
    return packets - before;
  };
  binding.read_callback = () => {
    wakeUps++;
    emptyReads = read() === 0 ? emptyReads + 1 : 0;
    if (emptyReads > EMPTY_READS) onLost('lost', 'it reports packets and delivers none');
  };

  return {
    linkType: parseLinkType(session.link_type),
    version: pcap.lib_version,
    start: onPacket => {
      session.on('packet', () => {
        packets++;
        onPacket(words[0]!, words[1]!, buf, words[2]!, words[3]!);
      });
      const reason = device.kind === 'nflog' ? 'its receive buffer overran' : 'it went down or away';
      process.once('beforeExit', () => onLost('lost', reason));
    },
    readDrops: () => (device.kind === 'nflog' ? null : session.stats().ps_drop),
    check: () => {
      // Packets that no wake-up announced, twice running, were not merely on their way.
      unseen = read() > 0 && wakeUps === 0 ? unseen + 1 : 0;
      wakeUps = 0;
      if (unseen === 2) onLost('lost', 'the engine went deaf');
    },
    drain: async () => {
      read();
    },
  };
};
