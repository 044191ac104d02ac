/**
 * Whether a version of an object is older than another version of it. Every store counts its writes, so versions are
 * numbers; of what is none, or not known, nothing can be told.
 */
export function isOlderVersion(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined || !isNumber(version) || !isNumber(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

function isNumber(text: string): boolean {
  return /^(0|[1-9]\d*)$/.test(text);
}
