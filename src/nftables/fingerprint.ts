/** Eight hexadecimal digits by which a rule's comment tells a restarted daemon what it was made from (FNV-1a). */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Of a character that takes two units the first counts.
    if (unit < 0xdc00 || unit > 0xdfff) hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
