import type { ExplainedName } from './entries.ts';

/** Longest line of the text, in letters. */
const WIDTH = 100;

/** An entry for a terminal. */
export function explanationText(entry: ExplainedName): string {
  switch (entry.kind) {
    case 'error':
      return `${entry.name}: error code\n\n${block('Meaning', entry.meaning)}${block('What to do', entry.next)}`;
    case 'alert': {
      const { name, severity, summary, expression, runbook } = entry;
      const head = `${name}: alert, ${severity}\n\n${block('Meaning', summary)}${block('When', expression)}`;
      return `${head}\n${bare(runbook)}\n`;
    }
    case 'metric': {
      const { name, type, labels, meaning, alias, alerts } = entry;
      const whose = alias === undefined ? '' : `, by ${alias.set}'s names`;
      return [
        `${name}: metric, ${type}${whose}\n\n`,
        block('Meaning', meaning),
        labels.length > 0 ? block('Labels', labels.join(', ')) : '',
        alias === undefined ? '' : block('Made from', alias.from.join(', ')),
        alerts.length > 0 ? block('Alerts', alerts.join(', ')) : '',
      ].join('');
    }
  }
}

/** Markdown without its marks: headings end with a colon, code has no ticks. */
function bare(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((paragraph) =>
      paragraph
        .split('\n')
        .map((line) => folded(line.replace(/^#+ (.*)$/, '$1:').replaceAll('`', ''), /^\d+\. /.test(line) ? '   ' : ''))
        .join('\n'),
    )
    .join('\n\n')
    .replaceAll(/:\n\n/g, ':\n');
}

function block(title: string, text: string): string {
  const lead = `${title}:`.padEnd(12);
  return `${folded(lead + text.replaceAll('`', ''), ' '.repeat(12))}\n`;
}

/** In lines of `WIDTH` letters at most, where words allow it. */
function folded(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = lines.length === 0 && line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
