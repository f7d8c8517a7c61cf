import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTableSpec, parseTableSpec } from '../../src/table/table-spec.js';

test('each form names a table', () => {
  assert.deepEqual(parseTableSpec('none'), { kind: 'none' });
  assert.deepEqual(parseTableSpec('pf:spamd-white'), { kind: 'pf', anchor: '', table: 'spamd-white' });
  assert.deepEqual(parseTableSpec('pf:mail/in/white'), { kind: 'pf', anchor: 'mail/in', table: 'white' });
  assert.deepEqual(parseTableSpec('nft:inet:spamlogd:white4:white6'), {
    kind: 'nft',
    family: 'inet',
    table: 'spamlogd',
    set4: 'white4',
    set6: 'white6',
  });
  assert.deepEqual(parseTableSpec('nft:ip:filter:white'), {
    kind: 'nft',
    family: 'ip',
    table: 'filter',
    set4: 'white',
  });
  assert.deepEqual(parseTableSpec('nft:ip6:filter::white'), {
    kind: 'nft',
    family: 'ip6',
    table: 'filter',
    set6: 'white',
  });
});

test('the text of a table is the one that named it', () => {
  for (const text of [
    'none',
    'pf:spamd-white',
    'pf:a/b/c',
    'nft:inet:t:s4:s6',
    'nft:ip:t:s4',
    'nft:ip6:t::s6',
  ]) {
    assert.equal(formatTableSpec(parseTableSpec(text)), text);
  }
});

test('what names no table is refused in one line that says why', () => {
  const wrong: [string, RegExp][] = [
    ['', /expected pf:TABLE, pf:ANCHOR\/TABLE, nft:/],
    ['spamd-white', /expected pf:TABLE/],
    ['None', /expected pf:TABLE/],
    ['pf', /expected pf:TABLE/],
    ['ipset:white', /expected pf:TABLE/],
    ['pf:', /"" is not a name of a pf table/],
    ['pf:-a', /"-a" is not a name of a pf table/],
    ['pf:<spamd-white>', /not a name of a pf table/],
    [`pf:${'a'.repeat(32)}`, /31 at most/],
    ['pf:/white', /"" is not the path of a pf anchor/],
    ['pf:*/white', /"\*" is not the path of a pf anchor/],
    ['pf:a//white', /not the path of a pf anchor/],
    [`pf:${'a'.repeat(64)}/white`, /not the path of a pf anchor/],
    ['nft:inet:t', /expected nft:FAMILY:TABLE:SET4\[:SET6\]/],
    ['nft:inet:t:a:b:c', /expected nft:FAMILY/],
    ['nft:arp:t:a', /family "arp" is not one of ip, ip6, inet, bridge, netdev/],
    ['nft:inet:t:', /names no set/],
    ['nft:inet:t::', /names no set/],
    ['nft:inet::a', /name of the nftables table is empty/],
    ['nft:inet:t:a:a', /one set cannot hold both families/],
    ['nft:inet:t:a b', /"a b" is not a name that nft takes/],
    ['nft:inet:t:a;flush', /not a name that nft takes/],
    ['nft:inet:t:1a', /not a name that nft takes/],
    ['nft:inet:-t:a', /not a name that nft takes/],
  ];
  for (const [text, reason] of wrong) {
    assert.throws(
      () => parseTableSpec(text),
      (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, reason, text);
        assert.ok(error.message.startsWith(`"${text}" is not a table: `), error.message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  }
});

test('no text makes anything but a table or a TypeError, and no name can be taken for an option or a statement', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(pf|nft):[a-z0-9:/;{} \n-]{0,40}$/)), text => {
      try {
        const spec = parseTableSpec(text);
        assert.equal(formatTableSpec(spec), text.startsWith('nft:') ? text.replace(/:$/, '') : text);
        const { kind: _, ...names } = spec;
        for (const name of Object.values(names)) assert.match(name, /^([A-Za-z0-9_.][A-Za-z0-9_./:-]*)?$/);
      } catch (error) {
        assert.ok(error instanceof TypeError);
      }
    }),
  );
});
