/** Results of policy cases in the XML that build servers read. */
export function junit(
  files: readonly {
    readonly name: string;
    readonly cases: readonly { readonly id: string; readonly failures: readonly string[] }[];
  }[],
): string {
  const suites = files.map(({ name, cases }) => {
    const failed = cases.filter(({ failures }) => failures.length > 0).length;
    const lines = cases.map(({ id, failures }) => {
      const head = `    <testcase classname="${escaped(name)}" name="${escaped(id)}"`;
      if (failures.length === 0) return `${head}/>`;
      return `${head}>\n      <failure>${escaped(failures.join('\n'))}</failure>\n    </testcase>`;
    });
    return [
      `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${failed}">`,
      ...lines,
      '  </testsuite>',
    ].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no place for most control characters, escaped or not. */
const BEYOND_XML = /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu;

function escaped(text: string): string {
  const shown = text.replace(BEYOND_XML, (character) => ('\t\n\r'.includes(character) ? character : '\uFFFD'));
  return shown.replace(/[&<>"]/g, (character) => entities[character]);
}
