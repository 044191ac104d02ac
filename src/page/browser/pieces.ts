import { type ComponentChild, type ComponentChildren, h } from 'preact';
import { wallTime } from './clock.ts';

/** The pieces that every view is made of. */

/** How well something is. No colour without a word: not everybody sees it. */
export type Shade = 'ok' | 'warn' | 'bad' | 'off';

export function pill(shade: Shade, word: string): ComponentChild {
  return h('span', { class: `pill ${shade}` }, word);
}

export function notice(shade: Shade, ...words: readonly ComponentChildren[]): ComponentChild {
  return h('p', { class: `notice ${shade}`, role: shade === 'bad' ? 'alert' : 'status' }, ...words);
}

export function healthShade(word: string): Shade {
  return word === 'ok' ? 'ok' : word === 'down' ? 'bad' : word === 'off' ? 'off' : 'warn';
}

export function section(title: string, ...children: readonly ComponentChildren[]): ComponentChild {
  return h('section', { 'aria-label': title }, h('h2', null, title), ...children);
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly kind?: 'number' | 'code';
}

/** A table; on a narrow screen each row is a card, in which each value has its title. */
export function table<Row>(
  name: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
): ComponentChild {
  if (rows.length === 0) return h('p', { class: 'quiet' }, none);
  return h(
    'table',
    null,
    h('caption', { class: 'unseen' }, name),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        columns.map(({ title, kind }) => h('th', { scope: 'col', class: kind }, title)),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map((row) =>
        h(
          'tr',
          null,
          columns.map(({ title, cell, kind }) => h('td', { class: kind, 'data-title': title }, cell(row))),
        ),
      ),
    ),
  );
}

/** Numbers that are read at one look. */
export function figures(of: readonly (readonly [name: string, value: ComponentChild])[]): ComponentChild {
  return h(
    'dl',
    { class: 'figures' },
    of.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  );
}

/** A name and what it stands for, one a line. */
export function facts(of: readonly (readonly [name: string, value: ComponentChildren])[]): ComponentChild {
  return h(
    'dl',
    { class: 'facts' },
    of.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  );
}

/** How long ago, in its greatest unit: `3 min`. */
export function ago(at: number): ComponentChild {
  const seconds = Math.max(0, Math.round((wallTime() - at) / 1000));
  const when = new Date(at).toISOString();
  const [unit, size] = UNITS.find(([, least]) => seconds >= least * 2) ?? ['s', 1];
  return h('time', { dateTime: when, title: when }, `${Math.floor(seconds / size)} ${unit}`);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

export function count(value: number): string {
  return value.toLocaleString('en');
}

export interface FieldOptions {
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  readonly id: string;
  readonly onValue: (value: string) => void;
}

export function field({ label, value, hint, id, onValue }: FieldOptions): ComponentChild {
  const heard = (event: Event): void => onValue((event.currentTarget as HTMLInputElement).value);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('input', {
      id,
      type: 'search',
      value,
      placeholder: hint,
      spellcheck: false,
      autocomplete: 'off',
      onInput: heard,
    }),
  );
}

export function choice(
  { label, value, id, onValue }: Omit<FieldOptions, 'hint'>,
  values: readonly (readonly [value: string, text: string])[],
): ComponentChild {
  const heard = (event: Event): void => onValue((event.currentTarget as HTMLSelectElement).value);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h(
      'select',
      { id, value, onChange: heard },
      values.map(([one, text]) => h('option', { value: one, selected: one === value }, text)),
    ),
  );
}
