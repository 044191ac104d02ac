/** IP protocols by the names that rules use for them (IANA's numbers). */
const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132, udplite: 136 };

/** The number of a protocol that a rule names or numbers; undefined when it is none. */
export function protocolNumber(given: string | number): number | undefined {
  const text = String(given).toLowerCase();
  if (Object.hasOwn(numbers, text)) return numbers[text];
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return number >= 0 && number <= 255 ? number : undefined;
}

/** The name that rules have for a protocol, or its number. */
export function protocolName(protocol: number): string {
  return Object.entries(numbers).find(([, number]) => number === protocol)?.[0] ?? String(protocol);
}

/** ICMP by its name is about one family; by its number it is about both. */
export function familyOfProtocol(given: string | number): 4 | 6 | undefined {
  if (typeof given === 'number') return undefined;
  const text = given.toLowerCase();
  if (text === 'icmp') return 4;
  return text === 'icmpv6' ? 6 : undefined;
}

/** Whether its packets have ports at the places where TCP has them. */
export function protocolHasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 136;
}
