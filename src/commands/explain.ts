// explain: one line a record, telling what it is and whether it counts.

import { scanSavefile } from '../capture/savefile.js';
import { isWarning, SavefileError } from '../capture/savefile-error.js';
import { guardedPolicy } from '../daemon/guarded-policy.js';
import { judge, type Verdict } from '../policy/judge.js';
import { describeReason } from '../policy/reason.js';
import { decodeRecord, type LogRecord, type Packet } from '../wire/record.js';
import type { RecordCursor } from '../wire/record-cursor.js';
import { checkCaptures } from './check-captures.js';
import type { Context } from './command.js';
import { EXIT, exitStatus } from './exit-status.js';
import { formatTime, printable } from './format.js';
import { NFLOG_HOOKS, PF_ACTIONS, PF_REASONS } from './wire-names.js';

/**
 * Runs the command; what is wrong inside a capture ends that one only, and decides the status.
 * @throws {SavefileError} @throws {UsageError} before anything was read
 */
export async function run({ settings, operands, output, warn }: Context): Promise<number> {
  const policy = await guardedPolicy(
    settings,
    () => {},
    line => warn(`warning: ${line}`),
  );
  checkCaptures(operands);
  const describe = settings.json ? describeJson : describeText;
  let status: number = EXIT.ok;
  for (const path of operands) {
    try {
      await scanSavefile(path, {
        onRecord: cursor => {
          const record = decode(cursor);
          output.add(`${describe(cursor, record, judge(record, policy))}\n`);
        },
        onProgress: () => output.flush(),
      });
    } catch (error) {
      if (!(error instanceof SavefileError)) throw error;
      await output.flush();
      const isMild = isWarning(error);
      warn(isMild ? `warning: ${error.message}` : error.message);
      if (!isMild || settings.strict) status = exitStatus(error)!;
    }
  }
  return status;
}

function decode({ linkType, bytes, at, end, originalLength, isLittleEndian }: RecordCursor): LogRecord {
  return decodeRecord(linkType, bytes.subarray(at, end), originalLength, isLittleEndian);
}

function whyNot(record: LogRecord, verdict: Verdict): string | undefined {
  if ('sighting' in verdict) return undefined;
  return record.refusal?.refused === verdict.ignored ? record.refusal.why : describeReason(verdict.ignored);
}

function describeJson(cursor: RecordCursor, record: LogRecord, verdict: Verdict): string {
  const { link, pflog, nflog, packet } = record;
  const { refusal: _, ...header } = pflog ?? nflog ?? {};
  const { isLaterFragment, tcp, ...addresses } = packet ?? {};
  const why = whyNot(record, verdict);
  return JSON.stringify({
    time: isoNanoseconds(cursor),
    link,
    ...header,
    ...(packet && {
      packet: { ...addresses, ...(isLaterFragment && { fragment: true }), ...(tcp && { tcp }) },
    }),
    sighting: 'sighting' in verdict ? verdict.sighting.address : null,
    ...('sighting' in verdict
      ? { direction: verdict.sighting.direction }
      : { ignored: verdict.ignored, why }),
  });
}

function isoNanoseconds({ seconds, nanoseconds }: RecordCursor): string {
  const fraction = String(nanoseconds).padStart(9, '0').replace(/000$/, '');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

function describeText(cursor: RecordCursor, record: LogRecord, verdict: Verdict): string {
  const fraction = String(Math.floor(cursor.nanoseconds / 1000)).padStart(6, '0');
  const verdictText =
    'sighting' in verdict
      ? `counts: ${verdict.sighting.address} ${verdict.sighting.direction === 'in' ? 'inbound' : 'outbound'}`
      : `ignored: ${whyNot(record, verdict)}`;
  const what = [describeHeader(record), describePacket(record.packet)].filter(Boolean).join(' ');
  return `${formatTime(cursor.seconds)}.${fraction} ${what}${what ? ' — ' : ''}${verdictText}`;
}

function describeHeader({ pflog, nflog }: LogRecord): string {
  if (pflog?.action !== undefined) {
    const anchored = pflog.ruleset ? `.${printable(pflog.ruleset)}.${pflog.subrulenr}` : '';
    const action = PF_ACTIONS[pflog.action] ?? `action ${pflog.action}`;
    const reason = PF_REASONS[pflog.reason!] ?? pflog.reason;
    const direction = pflog.dir === 1 ? 'in' : pflog.dir === 2 ? 'out' : `direction ${pflog.dir}`;
    const rule = `rule ${pflog.rulenr}${anchored}/${pflog.reason}(${reason})`;
    return `pflog ${rule}: ${action} ${direction} on ${printable(pflog.ifname!)}:`;
  }
  if (nflog === undefined) return '';
  const { hook, indev, outdev, prefix, resourceId } = nflog;
  const where = [
    hook === undefined ? '' : (NFLOG_HOOKS[hook] ?? `hook ${hook}`),
    indev === undefined ? '' : `in #${indev}`,
    outdev === undefined ? '' : `out #${outdev}`,
    prefix ? JSON.stringify(printable(prefix)) : '',
  ].filter(Boolean);
  return `nflog group ${resourceId}: ${where.join(' ')}:`;
}

const FLAG_LETTERS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'];

function describePacket(packet: Packet | undefined): string {
  if (packet === undefined) return '';
  const { src = '?', dst = '?', protocol, tcp } = packet;
  if (tcp === undefined) return `${src} > ${dst}: protocol ${protocol ?? '?'}`;
  const flags = FLAG_LETTERS.filter((_, bit) => (tcp.flags & (1 << bit)) !== 0).join('');
  return `${src}.${tcp.sport} > ${dst}.${tcp.dport}: TCP [${flags}]`;
}
