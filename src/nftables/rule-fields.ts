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

export function fieldOf(family: 'ip' | 'ip6', [header, name]: readonly string[]): Field | undefined {
  const payload = (type: Field['type'], base: 'network' | 'transport', offset: number, octets: number): Field => ({
    type,
    octets,
    words: 2,
    load: (to) => ({ kind: 'payload', base, offset, octets, to }),
  });
  if (header === 'iifname' || header === 'oifname') {
    return { type: 'ifname', octets: 16, words: 1, load: (to) => ({ kind: 'meta', key: header, to }) };
  }
  const ofIcmp = (type: Field['type'], protocol: number, offset: number): Field => ({
    ...payload(type, 'transport', offset, 1),
    protocol,
  });
  switch (`${header} ${name}`) {
    case 'meta l4proto':
      return { type: 'inet_proto', octets: 1, words: 2, load: (to) => ({ kind: 'meta', key: 'l4proto', to }) };
    case 'ct state':
      return { type: 'ct_state', octets: 4, words: 2, load: (to) => ({ kind: 'connection state', to }) };
    case 'th sport':
      return payload('inet_service', 'transport', 0, 2);
    case 'th dport':
      return payload('inet_service', 'transport', 2, 2);
    case 'icmp type':
      return family === 'ip' ? ofIcmp('icmp_type', 1, 0) : undefined;
    case 'icmp code':
      return family === 'ip' ? ofIcmp('icmp_code', 1, 1) : undefined;
    case 'icmpv6 type':
      return family === 'ip6' ? ofIcmp('icmpv6_type', 58, 0) : undefined;
    case 'icmpv6 code':
      return family === 'ip6' ? ofIcmp('icmpv6_code', 58, 1) : undefined;
    case 'ip saddr':
      return family === 'ip' ? payload('ipv4_addr', 'network', 12, 4) : undefined;
    case 'ip daddr':
      return family === 'ip' ? payload('ipv4_addr', 'network', 16, 4) : undefined;
    case 'ip6 saddr':
      return family === 'ip6' ? payload('ipv6_addr', 'network', 8, 16) : undefined;
    case 'ip6 daddr':
      return family === 'ip6' ? payload('ipv6_addr', 'network', 24, 16) : undefined;
    default:
      return undefined;
  }
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
