import type { RuleExpression } from '../netlink/index.ts';

/** What a condition of a rule looks at, in nft's words. */
export interface Field {
  readonly type:
    | ('ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'ifname' | 'ct_state')
    | ('icmp_type' | 'icmp_code' | 'icmpv6_type' | 'icmpv6_code');
  readonly octets: number;
  /** How many words it is. */
  readonly words: 1 | 2;
  /** Of whose header it is: of other packets nothing is looked at. */
  readonly protocol?: number;
  load(register: number): RuleExpression;
}

/** The first register, of 16 octets; 32-bit registers are counted on from 8. */
export const FIRST = 1;

const payload = (type: Field['type'], base: 'network' | 'transport', offset: number, octets: number): Field => ({
  type,
  octets,
  words: 2,
  load: (to) => ({ kind: 'payload', base, offset, octets, to }),
});
const ofIcmp = (type: Field['type'], protocol: number, offset: number): Field => ({
  ...payload(type, 'transport', offset, 1),
  protocol,
});
const linkName = (key: 'iifname' | 'oifname'): Field => ({
  type: 'ifname',
  octets: 16,
  words: 1,
  load: (to) => ({ kind: 'meta', key, to }),
});

const LINK_NAMES = new Map([
  ['iifname', linkName('iifname')],
  ['oifname', linkName('oifname')],
]);
const COMMON: readonly (readonly [text: string, field: Field])[] = [
  ['meta l4proto', { type: 'inet_proto', octets: 1, words: 2, load: (to) => ({ kind: 'meta', key: 'l4proto', to }) }],
  ['ct state', { type: 'ct_state', octets: 4, words: 2, load: (to) => ({ kind: 'connection state', to }) }],
  ['th sport', payload('inet_service', 'transport', 0, 2)],
  ['th dport', payload('inet_service', 'transport', 2, 2)],
];
const FIELDS = {
  ip: new Map<string, Field>([
    ...COMMON,
    ['icmp type', ofIcmp('icmp_type', 1, 0)],
    ['icmp code', ofIcmp('icmp_code', 1, 1)],
    ['ip saddr', payload('ipv4_addr', 'network', 12, 4)],
    ['ip daddr', payload('ipv4_addr', 'network', 16, 4)],
  ]),
  ip6: new Map<string, Field>([
    ...COMMON,
    ['icmpv6 type', ofIcmp('icmpv6_type', 58, 0)],
    ['icmpv6 code', ofIcmp('icmpv6_code', 58, 1)],
    ['ip6 saddr', payload('ipv6_addr', 'network', 8, 16)],
    ['ip6 daddr', payload('ipv6_addr', 'network', 24, 16)],
  ]),
};

export function fieldOf(family: 'ip' | 'ip6', [header, name]: readonly string[]): Field | undefined {
  return LINK_NAMES.get(header) ?? FIELDS[family].get(`${header} ${name}`);
}

/** Each into the register behind the former one's, at a multiple of four octets. */
export function loads(fields: readonly Field[]): readonly RuleExpression[] {
  let place = 0;
  return fields.map(({ octets, load }) => {
    const register = place % 4 === 0 ? FIRST + place / 4 : 8 + place;
    place += (octets + 3) >> 2;
    return load(register);
  });
}
