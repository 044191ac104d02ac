/** Eight hexadecimal digits by which a rule's comment tells a restarted daemon what it was made from (FNV-1a). */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
