/** The forms of names, labels and ports that Kubernetes has (apimachinery's util/validation). */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
export const SUBDOMAIN = new RegExp(`^${label}(\\.${label})*$`);
const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

export const QUALIFIED_NAME =
  "a key is a name of at most 63 characters (letters, digits, '-', '_' and '.', beginning and ending with a letter or " +
  "digit), after a DNS subdomain and '/' if it has a prefix";
export const LABEL_VALUE =
  "must be empty or at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit";

/** `name` or `prefix.example/name`. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.at(-1)!;
  if (parts.length > 2 || name.length > 63 || !namePart.test(name)) return false;
  return parts.length === 1 || (parts[0].length <= 253 && SUBDOMAIN.test(parts[0]));
}

export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && namePart.test(text));
}

/** One DNS label, of at most 63 characters. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** The name of a port: at most 15 characters, one letter at least, no two dashes in a row. */
export function isPortName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(text) && /[a-z]/.test(text) && !text.includes('--');
}
