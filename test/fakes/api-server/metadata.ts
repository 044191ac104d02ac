import type { Fault } from './schema.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const namePart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const ENDS = 'and must start and end with an alphanumeric character (e.g.';
const NAME = `must consist of alphanumeric characters, '-', '_' or '.', ${ENDS} 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePart}')`;
const VALUE = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ENDS} 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${namePart})?')`;
const SUBDOMAIN = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ENDS} 'example.com', regex used for validation is '${subdomain}')`;

/** What is wrong with an object's name and labels, in the words of a real server. */
export function metadataFaults(metadata: Readonly<Record<string, unknown>>): readonly Fault[] {
  const { name = '', labels = {} } = metadata as { name?: string; labels?: Readonly<Record<string, string>> };
  return [
    ...asFaults('metadata.name', name, against(name, 253, subdomain, SUBDOMAIN, 'characters')),
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...asFaults('metadata.labels', key, aboutKey(key)),
      ...asFaults('metadata.labels', value, against(value, 63, `(${namePart})?`, VALUE)),
    ]),
  ];
}

/** A name, with a domain and a slash before it if it has one. */
function aboutKey(key: string): readonly string[] {
  const [name = '', domain, ...more] = key.split('/').reverse();
  if (more.length > 0) {
    return [`a valid label key ${NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const ofDomain = domain === '' ? ['must be non-empty'] : against(domain ?? 'a', 253, subdomain, SUBDOMAIN);
  const ofName = [...(name === '' ? ['must be non-empty'] : []), ...against(name, 63, namePart, NAME)];
  return [...ofDomain.map((said) => `prefix part ${said}`), ...ofName.map((said) => `name part ${said}`)];
}

function against(text: string, longest: number, pattern: string, said: string, unit = 'bytes'): readonly string[] {
  return [
    ...(text.length > longest ? [`must be no more than ${longest} ${unit}`] : []),
    ...(new RegExp(`^(${pattern})$`).test(text) ? [] : [said]),
  ];
}

function asFaults(field: string, value: string, said: readonly string[]): readonly Fault[] {
  return said.map((one) => ({ field, reason: 'Invalid', message: `Invalid value: ${JSON.stringify(value)}: ${one}` }));
}
