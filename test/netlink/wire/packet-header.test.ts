import t from 'tap';
import type { PacketHeader } from '../../../src/netlink/index.ts';
import { readPacketHeader } from '../../../src/netlink/wire/packet-header.ts';

const V4 = '45000028 00004000 40060000 0a000001 0a000002';
const V6 = (next: string): string => `60000000 0014${next}40 ${'fd00'.padEnd(31, '0')}1 ${'fd00'.padEnd(31, '0')}2`;
const ENDS = { source: '10.0.0.1', destination: '10.0.0.2' };
const ENDS6 = { source: 'fd00::1', destination: 'fd00::2' };
const PORTS = { sourcePort: 40_000, destinationPort: 443 };

const ROWS: readonly (readonly [title: string, octets: string, header: PacketHeader | undefined])[] = [
  ['TCP', `${V4} 9c4001bb 00000000`, { ...ENDS, protocol: 6, ...PORTS }],
  ['UDP', `${V4.replace('4006', '4011')} 9c4001bb`, { ...ENDS, protocol: 17, ...PORTS }],
  ['SCTP', `${V4.replace('4006', '4084')} 9c4001bb`, { ...ENDS, protocol: 132, ...PORTS }],
  ['ICMP', `${V4.replace('4006', '4001')} 0800`, { ...ENDS, protocol: 1, icmp: { type: 8, code: 0 } }],
  ['a protocol without ports', `${V4.replace('4006', '4032')} 9c4001bb`, { ...ENDS, protocol: 50 }],
  ['options before the ports', `${V4.replace('45', '46')} 01010101 9c4001bb`, { ...ENDS, protocol: 6, ...PORTS }],
  ['options that are cut off', `${V4.replace('45', '4f')} 01010101`, { ...ENDS, protocol: 6 }],
  ['a first fragment', `${V4.replace('00004000', '00002000')} 9c4001bb`, { ...ENDS, protocol: 6, ...PORTS }],
  ['a later fragment', `${V4.replace('00004000', '00002001')} 9c4001bb`, { ...ENDS, protocol: 6 }],
  ['ports that are cut off', `${V4} 9c40`, { ...ENDS, protocol: 6 }],
  ['a header that is cut off', V4.slice(0, 30), undefined],
  ['a header that says it is shorter than any', V4.replace('45', '44'), undefined],
  ['no IP', 'ffff', undefined],
  ['nothing', '', undefined],
  ['IPv6 and TCP', `${V6('06')} 9c4001bb`, { ...ENDS6, protocol: 6, ...PORTS }],
  ['ICMPv6', `${V6('3a')} 8000`, { ...ENDS6, protocol: 58, icmp: { type: 128, code: 0 } }],
  ['hop-by-hop options', `${V6('00')} 0600000000000000 9c4001bb`, { ...ENDS6, protocol: 6, ...PORTS }],
  ['two extensions', `${V6('00')} 3c00000000000000 0600000000000000 9c4001bb`, { ...ENDS6, protocol: 6, ...PORTS }],
  ['authentication', `${V6('33')} 0602000000000000${'0'.repeat(16)} 9c4001bb`, { ...ENDS6, protocol: 6, ...PORTS }],
  ['a first fragment of IPv6', `${V6('2c')} 0600000100000000 9c4001bb`, { ...ENDS6, protocol: 6, ...PORTS }],
  ['a later fragment of IPv6', `${V6('2c')} 0600000800000000 9c4001bb`, { ...ENDS6, protocol: 6 }],
  ['an extension that is cut off', `${V6('00')} 06ff000000000000`, { ...ENDS6, protocol: 6 }],
];

t.test('a packet says from where to where it goes', async (t) => {
  for (const [title, octets, header] of ROWS) {
    t.same(readPacketHeader(Buffer.from(octets.replaceAll(' ', ''), 'hex')), header, title);
  }
});
