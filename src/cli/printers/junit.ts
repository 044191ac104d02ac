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

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
