// The values of the options of synchronisation: text to value, or the one line that says what is wrong with it.

import { isIPv4, isIPv6 } from 'node:net';
import { parseAddress } from '../address/address.js';
import { type Prefix, parsePrefix } from '../address/prefix.js';

/** A value, or why there is none: a line that ends the sentence `-Y em0:0: …`. */
export type Parsed<Value> = { readonly value: Value } | { readonly error: string };

/** `--sync-group` unless given: the group of spamd(8). greyd(8) has 224.0.1.241. */
export const DEFAULT_SYNC_GROUP = '224.0.1.240';

/** `--sync-window` unless given, seconds. */
export const DEFAULT_SYNC_WINDOW_SECONDS = 300;

/** `--sync-key` unless given. */
export const DEFAULT_SYNC_KEY = '/etc/mail/spamd.key';

/** The time to live of multicast unless `-Y interface:ttl` says otherwise: this network alone. */
export const DEFAULT_TTL = 1;

/**
 * What `-Y` may be by its looks alone. A `name` without a ttl can be of a host or of an interface; which, is found out
 * at start by `resolveTarget`.
 */
export type TargetText =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'interface'; readonly interface: string; readonly ttl: number }
  | { readonly kind: 'name'; readonly name: string };

const LABEL = '[a-z\\d_](?:[a-z\\d_-]{0,61}[a-z\\d])?';
const DOTTED_LABELS = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*${LABEL}\\.?$`, 'i');
/** What getaddrinfo(3) would take for an address, `10.1` for 10.0.0.1. */
const NUMBER_AT_END = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i;
const INTERFACE_NAME = /^[^\s/:]{1,15}$/;

/** `-Y host` or `-Y interface[:ttl]`, ttl 1 to 255. */
export function parseSyncTarget(text: string): Parsed<TargetText> {
  if (isIPv4(text)) return { value: { kind: 'address', address: text } };
  if (isIPv6(text)) return { error: 'is an IPv6 address, which the protocol has no room for' };
  const colon = text.indexOf(':');
  if (colon === -1) {
    if (/^[\d.]*$/.test(text)) return { error: 'is neither an IPv4 address nor an interface[:ttl]' };
    if (isHostName(text)) return { value: { kind: 'name', name: text } };
    if (INTERFACE_NAME.test(text)) return { value: { kind: 'interface', interface: text, ttl: DEFAULT_TTL } };
    return { error: 'is neither a host nor an interface[:ttl]' };
  }
  const name = text.slice(0, colon);
  if (!INTERFACE_NAME.test(name)) return { error: 'is neither a host nor an interface[:ttl]' };
  const ttl = wholeNumber(text.slice(colon + 1), 1, 255);
  if (ttl === undefined) return { error: 'has a ttl that is not a number from 1 to 255' };
  return { value: { kind: 'interface', interface: name, ttl } };
}

/** What `-y` says: an address of ours, or an interface on which to join the group as well. */
export type ListenText =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'interface'; readonly interface: string };

/** `-y address` or `-y interface`. */
export function parseSyncListen(text: string): Parsed<ListenText> {
  if (isIPv4(text)) return { value: { kind: 'address', address: text } };
  if (isIPv6(text)) return { error: 'is an IPv6 address, which the protocol has no room for' };
  if (INTERFACE_NAME.test(text)) return { value: { kind: 'interface', interface: text } };
  return { error: 'is neither an IPv4 address nor an interface' };
}

/** Who may speak to us: a host by name, or a prefix of addresses, a single one most often. */
export type PeerText =
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'prefix'; readonly prefix: Prefix };

/** `--sync-peer address`, `--sync-peer prefix` or `--sync-peer host`. */
export function parseSyncPeer(text: string): Parsed<PeerText> {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) {
    if (!text.includes(':')) return { value: { kind: 'prefix', prefix } };
    return { error: 'is IPv6, which the protocol has no room for' };
  }
  if (isHostName(text)) return { value: { kind: 'host', name: text } };
  return { error: 'is neither a host, an IPv4 address nor an IPv4 prefix without host bits' };
}

/** `--sync-group`: an IPv4 multicast address (RFC 5771). */
export function parseSyncGroup(text: string): Parsed<string> {
  const words = isIPv4(text) ? parseAddress(text) : undefined;
  if (words !== undefined && words[3] >>> 28 === 0xe) return { value: text };
  return { error: 'is not a multicast address (224.0.0.0 to 239.255.255.255)' };
}

/** `--sync-port`. */
export function parseSyncPort(text: string): Parsed<number> {
  const port = wholeNumber(text, 1, 65535);
  return port === undefined ? { error: 'is not a port from 1 to 65535' } : { value: port };
}

/** `--sync-window`: how far a peer's clock may be from ours, in seconds. */
export function parseSyncWindow(text: string): Parsed<number> {
  const seconds = wholeNumber(text, 1, 86_400);
  return seconds === undefined ? { error: 'is not a number of seconds from 1 to 86400' } : { value: seconds };
}

function isHostName(text: string): boolean {
  return DOTTED_LABELS.test(text) && !NUMBER_AT_END.test(text);
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}
