/** Names of DSCPs (RFC 2474, 2597, 3246), as Calico knows them. */
const NAMES: Readonly<Record<string, number>> = {
  DF: 0,
  EF: 46,
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((selector) => [`CS${selector}`, selector * 8])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((forwarding) =>
      [1, 2, 3].map((drop) => [`AF${forwarding}${drop}`, forwarding * 8 + drop * 2]),
    ),
  ),
};

/** The six bits of a name such as `AF41`, or of a number; undefined for anything else. */
export function parseDscp(value: string | number): number | undefined {
  const text = String(value).trim().toUpperCase();
  if (/^\d{1,2}$/.test(text)) return Number(text) < 64 ? Number(text) : undefined;
  return Object.hasOwn(NAMES, text) ? NAMES[text] : undefined;
}
