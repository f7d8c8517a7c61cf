// Names of ports, as services(5) gives them to pfctl.

/** The names that rulesets about mail use, and the commonest others. */
export const DEFAULT_SERVICES: ReadonlyMap<string, number> = new Map([
  ...([
    ['ssh', 22],
    ['smtp', 25],
    ['mail', 25],
    ['domain', 53],
    ['http', 80],
    ['www', 80],
  ] as const),
  ...([
    ['pop3', 110],
    ['auth', 113],
    ['ident', 113],
    ['ntp', 123],
    ['imap', 143],
    ['imap2', 143],
  ] as const),
  ...([
    ['snmp', 161],
    ['ldap', 389],
    ['https', 443],
    ['submissions', 465],
    ['smtps', 465],
  ] as const),
  ...([
    ['submission', 587],
    ['imaps', 993],
    ['pop3s', 995],
    ['spamd', 8025],
    ['spamd-cfg', 8026],
  ] as const),
  ...([
    ['spamd-sync', 8025],
    ['ftp', 21],
    ['ftp-proxy', 8021],
    ['telnet', 23],
    ['syslog', 514],
  ] as const),
]);

/** The ports of a services(5) file; of a name given more than once, its TCP port counts, as pfctl has it. */
export function parseServices(text: string): Map<string, number> {
  const ports = new Map<string, number>();
  const entries = text.split('\n').flatMap(line => {
    const [name, target = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const match = /^(\d{1,5})\/(tcp|udp)$/.exec(target);
    if (!name || !match || Number(match[1]) > 65535) return [];
    return [name, ...aliases].map(each => ({ name: each, port: Number(match[1]), protocol: match[2] }));
  });
  for (const wanted of ['tcp', 'udp']) {
    for (const { name, port, protocol } of entries) {
      if (protocol === wanted && !ports.has(name)) ports.set(name, port);
    }
  }
  return ports;
}

/** The port that a rule writes as a number or a name; undefined where nobody knows the name. */
export function resolvePort(text: string, services: ReadonlyMap<string, number>): number | undefined {
  if (!/^\d+$/.test(text)) return services.get(text);
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}
