/** All zeros: how "no key" is written where there must be one. */
const NO_KEY = `${'A'.repeat(43)}=`;

/** Whether the text is a key of WireGuard in the one way that wg(8) writes it: 32 bytes as base64, not all zero. */
export function isWireguardKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text) && text !== NO_KEY;
}
