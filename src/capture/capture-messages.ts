// What a capture child is told, what it says of itself on its control descriptor, and how it ends.

/** The engines that open a device. */
export const ENGINES = ['pcap', 'cap', 'tcpdump'] as const;

export type EngineName = (typeof ENGINES)[number];

/** The engines that are npm packages, and work inside our own child. */
export type PackageEngine = Exclude<EngineName, 'tcpdump'>;

/** The user that a child becomes once the device is open. */
export interface CaptureAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The child's only argument, as JSON. */
export interface CaptureRequest {
  readonly engine: PackageEngine;
  readonly device: string;
  /** TCP ports for the kernel's filter. */
  readonly ports: readonly number[];
  /** Absent when the child is started without privileges that it could give up. */
  readonly account?: CaptureAccount;
}

/** Descriptor of the control channel: the child writes JSON lines, and ends when the other side closes. */
export const CONTROL_FD = 3;

/** The device is open, the privileges are dropped, and the pcap stream has begun. */
export interface ReadyMessage {
  readonly type: 'ready';
  /** `stream` where another program writes the stream. */
  readonly engine: EngineName | 'stream';
  /** What the engine says of itself: `libpcap version 1.10.3`. */
  readonly version: string;
  /** Link type of the stream, as in pcap-linktype(7); null where only the stream itself tells. */
  readonly linkType: number | null;
  /** Whether the stream is one of many that come one after the other from writers of their own, as through a FIFO. */
  readonly isFifo?: true;
  /** '' for none. */
  readonly filter: string;
  /** The user it runs as now; null where the system does not tell that of another process. */
  readonly uid: number | null;
  readonly gid: number | null;
}

/** Counts since the child's start. Null where no counter tells the truth. */
export interface CaptureCounts {
  /** Records taken from the device. */
  readonly received: number | null;
  /** Lost before the engine saw them: no room in the kernel's buffer. */
  readonly droppedKernel: number | null;
  /** Lost in the child: whoever reads its stream did not keep up. */
  readonly droppedQueue: number;
}

export interface StatsMessage extends CaptureCounts {
  readonly type: 'stats';
}

/** Why a capture ended or could not begin. */
export type EndCode =
  /** It was told to. */
  | 'stopped'
  /** No such device. */
  | 'missing'
  /** The device is there but not up. */
  | 'down'
  /** Another process listens on the NFLOG group. */
  | 'busy'
  /** The device went away, or went down, or the engine went deaf. */
  | 'lost'
  /** The engine is not installed or does not load. */
  | 'engine'
  /** Not allowed to open the device. */
  | 'permission'
  /** The privileges could not be given up. */
  | 'privileges'
  /** Nobody reads the stream any more. */
  | 'output'
  /** Nobody listens on the control channel any more. */
  | 'orphaned'
  /** The request makes no sense. */
  | 'usage'
  /** What the device delivers is no firewall's log. */
  | 'link-type'
  /** The stream could not be decoded. */
  | 'damaged'
  /** Anything else, a death by signal included. */
  | 'failed';

/** The last message. */
export interface EndMessage {
  readonly type: 'end';
  readonly code: EndCode;
  /** One line: `Cannot capture on "pflog0": no such device`. */
  readonly message: string;
}

export type CaptureMessage = ReadyMessage | StatsMessage | EndMessage;

/** Exit statuses, those of sysexits(3) where one fits. */
export const EXIT_STATUS: Readonly<Record<EndCode, number>> = {
  stopped: 0,
  usage: 64,
  'link-type': 65,
  damaged: 65,
  missing: 66,
  down: 66,
  engine: 69,
  failed: 70,
  privileges: 71,
  output: 74,
  orphaned: 74,
  busy: 75,
  lost: 75,
  permission: 77,
};

/** Thrown where a capture cannot begin or go on. */
export class CaptureError extends Error {
  readonly code: EndCode;

  constructor(code: EndCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CaptureError';
    this.code = code;
  }
}

/** The message of one line of the control channel, or undefined when it is none. */
export function parseMessage(line: string): CaptureMessage | undefined {
  try {
    const message = JSON.parse(line);
    return ['ready', 'stats', 'end'].includes(message?.type) ? message : undefined;
  } catch {
    return undefined;
  }
}
