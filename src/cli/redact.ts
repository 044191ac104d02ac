/** The mark where something was left out. */
export const REDACTED = '(redacted)';

/** Settings whose value nobody else should read. */
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|KEY$|CERT$|KUBECONFIG$/i;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/g, REDACTED],
  // A token of Kubernetes, or any other JWT.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+@/gi, `$1${REDACTED}@`],
  // Fields of JSON and YAML by these names; a reference to a Secret is an object, and none itself.
  [
    /("?[\w-]*(?:password|passwd|token|secret|private[_-]?key)"?\s*[:=]\s*)("(?:[^"\\]|\\.)+"|[^\s"{[(,}]+)/gi,
    `$1"${REDACTED}"`,
  ],
];

/** The text without what its reader could use to get in somewhere. */
export function redacted(text: string): string {
  return PATTERNS.reduce((left, [pattern, instead]) => left.replaceAll(pattern, instead), text);
}

/** `NAME=value` lines, sorted, of settings that say nothing secret. */
export function redactedSettings(settings: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value = '']) => `${name}=${SECRET_NAME.test(name) ? REDACTED : redacted(value)}\n`)
    .join('');
}
