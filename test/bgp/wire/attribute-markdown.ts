import { ATTRIBUTES, type AttributeRow, type LengthRule } from '../../../src/bgp/wire/index.ts';

const CLASSES: Readonly<Record<number, string>> = {
  64: 'well-known',
  128: 'optional non-transitive',
  192: 'optional transitive',
};

const REFUSED: Readonly<Record<NonNullable<AttributeRow['refuse']>, string>> = {
  ebgp: 'dropped from eBGP',
  'four-octet': 'dropped from four-octet speakers',
  all: 'dropped',
};

function lengthText(rule: LengthRule): string {
  if (rule.kind === 'multiple') return `n × ${rule.octets}, n > 0`;
  if (rule.kind === 'at-least') return rule.octets === 0 ? 'any' : `≥ ${rule.octets}`;
  return rule.oldSpeaker === undefined ? `${rule.octets}` : `${rule.octets}, or ${rule.oldSpeaker} from old speakers`;
}

/** The attribute table as Markdown: what `docs/rfc7606.md` holds between its marks. */
export function attributeMarkdown(): string {
  const rows = ATTRIBUTES.map((row) => [
    `${row.type}`,
    row.name,
    CLASSES[row.flags],
    lengthText(row.length),
    row.refuse === 'all' ? 'discard' : row.ibgp,
    row.refuse === 'all' ? 'discard' : row.ebgp,
    row.refuse === 'all' ? 'discard' : row.wrongFlags,
    row.refuse === undefined ? '' : REFUSED[row.refuse],
    row.clause,
  ]);
  const head = ['Type', 'Attribute', 'Class', 'Octets', 'iBGP', 'eBGP', 'Wrong flags', 'Even if good', 'Clause'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
