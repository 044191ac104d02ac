import { isCollection, isMap, isScalar, type Node, parseDocument, type YAMLMap } from 'yaml';

/** Where in a manifest: keys of maps, places in lists, and `NAME=` for the item of a list with that name. */
export type Path = readonly (string | number)[];

/** A change to the text of a manifest that makes a template of it. */
export type Edit =
  /** What stands there becomes this expression; of a map or list, its whole block. */
  | { readonly kind: 'set'; readonly path: Path; readonly text: string }
  /** Lines before and after what is between two places, both included, each with the comments that belong to it. */
  | { readonly kind: 'wrap'; readonly from: Path; readonly to?: Path; readonly before: string; readonly after: string }
  /** Lines after the last item there. */
  | { readonly kind: 'append'; readonly path: Path; readonly text: string };

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * A manifest with parts of it changed, in its own text: whoever reads the template finds the manifest's order and comments
 * again. Lines that are put in are indented as the place is; expressions alone on a line begin at the margin of the list.
 */
export function splice(manifest: string, edits: readonly Edit[]): string {
  const root = parseDocument(manifest).contents as YAMLMap;
  const splices = edits.flatMap((edit) => splicesOf(manifest, root, edit));
  // From the end on, so that places stay right; of two at one place the first said comes first.
  return splices
    .reverse()
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: put }) => text.slice(0, from) + put + text.slice(to), manifest);
}

function splicesOf(manifest: string, root: YAMLMap, edit: Edit): readonly Splice[] {
  if (edit.kind === 'wrap') {
    const first = find(root, edit.from);
    const last = find(root, edit.to ?? edit.from);
    const start = withComments(manifest, lineStart(manifest, first.start));
    const after = lineEnd(manifest, last.node.range![1]);
    const margin = ' '.repeat(columnOf(manifest, first.start));
    return [
      ...(edit.before === '' ? [] : [{ from: start, to: start, text: indented(edit.before, margin) }]),
      ...(edit.after === '' ? [] : [{ from: after, to: after, text: indented(edit.after, margin) }]),
    ];
  }
  const { node, start } = find(root, edit.path);
  if (edit.kind === 'append') {
    const items = (node as YAMLMap).items;
    const first = isMap(node) ? (node.items[0].key as Node) : (items[0] as unknown as Node);
    const after = lineEnd(manifest, node.range![1]);
    return [{ from: after, to: after, text: indented(edit.text, ' '.repeat(columnOf(manifest, first.range![0]))) }];
  }
  const [from, to] = node.range!;
  if (!isCollection(node) || node.flow === true) return [{ from, to, text: edit.text }];
  // A block: what follows the key, and its lines.
  const colon = manifest.indexOf(':', start);
  return [{ from: colon + 1, to: lineEnd(manifest, to) - 1, text: edit.text }];
}

/** The node, and where its key or its item begins. */
function find(root: Node, path: Path): { readonly node: Node; readonly start: number } {
  let node = root;
  let start = root.range![0];
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) throw new Error(`the manifest has no ${path.join('.')} (at ${step})`);
    ({ node, start } = next);
  }
  return { node, start };
}

function child(node: Node, step: string | number): { readonly node: Node; readonly start: number } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    return pair && { node: pair.value as Node, start: (pair.key as Node).range![0] };
  }
  if (!isCollection(node)) return undefined;
  const items = node.items as Node[];
  const item =
    typeof step === 'number' ? items[step] : items.find((one) => isMap(one) && one.get('name') === step.slice(0, -1));
  return item && { node: item, start: item.range![0] };
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** After the end of the line that a node ends on; a block's own end is the start of the next line already. */
function lineEnd(text: string, at: number): number {
  if (text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** The column of a line's first word: of an item, that of its dash. */
function columnOf(text: string, at: number): number {
  const start = lineStart(text, at);
  return /^ */.exec(text.slice(start))![0].length;
}

/** Comments right above belong to what they are above. */
function withComments(text: string, start: number): number {
  let at = start;
  while (at > 0) {
    const before = lineStart(text, at - 1);
    if (!/^\s*#/.test(text.slice(before, at))) break;
    at = before;
  }
  return at;
}

function indented(text: string, margin: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${margin}${line}\n`)
    .join('');
}
