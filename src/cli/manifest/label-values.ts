import { EVENT_ID, type Event, getScalarValue, parseEvents } from 'js-yaml';
import { shown } from '../../model/index.ts';
import { FileError } from '../errors.ts';
import { mistakeAt } from './yaml.ts';

type Scalar = Extract<Event, { readonly type: typeof EVENT_ID.SCALAR }>;

type Path = readonly (string | number)[];

/**
 * Refuses labels and annotations that aren't text, with their place: what YAML makes of `on` or `1.10` is not what was
 * written, and comes back as another text.
 */
export function checkLabelValues(text: string, documents: readonly unknown[]): void {
  for (const [at, document] of documents.entries()) {
    const wrong = findWrong(document, []);
    if (wrong !== undefined) throw refusal(text, at, wrong);
  }
}

interface Wrong {
  readonly path: Path;
  readonly value: unknown;
}

function findWrong(value: unknown, path: Path): Wrong | undefined {
  if (Array.isArray(value)) return firstOf(value, (item, at) => findWrong(item, [...path, at]));
  const items = memberOf(value, 'items');
  if (Array.isArray(items?.value)) return findWrong(items.value, [...path, items.name]);
  const metadata = memberOf(value, 'metadata');
  return firstOf(['labels', 'annotations'], (field) => {
    const map = memberOf(metadata?.value, field);
    if (map === undefined || typeof map.value !== 'object' || map.value === null) return undefined;
    return firstOf(Object.entries(map.value), ([key, own]) =>
      typeof own === 'number' || typeof own === 'boolean'
        ? { path: [...path, metadata!.name, map.name, key], value: own }
        : undefined,
    );
  });
}

function firstOf<Item>(items: readonly Item[], find: (item: Item, at: number) => Wrong | undefined): Wrong | undefined {
  for (const [at, item] of items.entries()) {
    const found = find(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A field by its name in any case. */
function memberOf(object: unknown, name: string): { readonly name: string; readonly value: unknown } | undefined {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const written = Object.keys(object).find((key) => key.toLowerCase() === name);
  return written === undefined ? undefined : { name: written, value: Reflect.get(object, written) };
}

function refusal(text: string, document: number, { path, value }: Wrong): FileError {
  const written = scalarAt(text, document, path);
  const reason = (word: string): string =>
    `the value of '${shown(String(path.at(-1)))}' must be text: write '${shown(word)}' in quotes`;
  if (written === undefined) return new FileError(`yaml: ${reason(String(value))}`);
  const { valueStart: offset } = written;
  const before = text.slice(0, offset);
  const line = before.split('\n').length - 1;
  return mistakeAt({ line, column: offset - before.lastIndexOf('\n') - 1 }, reason(getScalarValue(text, written)));
}

/** The value at a path as it was written; undefined when it came by an alias or a merge. */
function scalarAt(text: string, document: number, path: Path): Scalar | undefined {
  const events = parseEvents(text, {});
  let at = 0;
  for (let seen = 0; seen < document; seen++) at = after(events, at);
  at++;
  for (const step of path) {
    const next = childAt(text, events, at, step);
    if (next === undefined) return undefined;
    at = next;
  }
  const event = events[at];
  return event.type === EVENT_ID.SCALAR ? event : undefined;
}

/** The event with which the child at a step begins. */
function childAt(text: string, events: readonly Event[], at: number, step: string | number): number | undefined {
  const isMapping = events[at].type === EVENT_ID.MAPPING;
  if (!isMapping && events[at].type !== EVENT_ID.SEQUENCE) return undefined;
  let child = at + 1;
  for (let index = 0; events[child].type !== EVENT_ID.POP; index++) {
    if (!isMapping) {
      if (index === step) return child;
      child = after(events, child);
      continue;
    }
    const key = events[child];
    const value = after(events, child);
    if (key.type === EVENT_ID.SCALAR && getScalarValue(text, key) === step) return value;
    child = after(events, value);
  }
  return undefined;
}

/** The event after a node. */
function after(events: readonly Event[], at: number): number {
  let depth = 0;
  for (let next = at; ; next++) {
    const { type } = events[next];
    if (type === EVENT_ID.POP) depth--;
    else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) depth++;
    if (depth === 0) return next + 1;
  }
}
