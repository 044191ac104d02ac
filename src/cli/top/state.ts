import { type TopAnswers, type TopRow, tableOf, VIEW_NAMES, type ViewName } from './views.ts';

/** The line typed below: a filter or the name of a view. */
interface Prompt {
  readonly kind: 'filter' | 'command';
  readonly text: string;
}

export interface TopState {
  readonly view: ViewName;
  readonly answers: TopAnswers;
  /** Why the daemon does not answer just now. */
  readonly trouble?: string | undefined;
  /** Milliseconds since 1970 of the last answer or attempt. */
  readonly now: number;
  readonly filter: string;
  readonly prompt?: Prompt | undefined;
  /** The row that is marked, counted from 0. */
  readonly at: number;
  readonly isHelp: boolean;
  /** The typed text that is no command. */
  readonly mistake?: string | undefined;
  readonly size: { readonly rows: number; readonly columns: number };
  readonly isOver: boolean;
}

/**
 * `key`: a letter as it is, or `up`, `down`, `left`, `right`, `pageup`, `pagedown`, `home`, `end`, `enter`, `escape`,
 * `backspace`, `ctrl-c`.
 */
export type TopEvent =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'answers'; readonly answers: TopAnswers; readonly now: number }
  | { readonly kind: 'trouble'; readonly reason: string; readonly now: number }
  | { readonly kind: 'size'; readonly rows: number; readonly columns: number };

export function firstState(view: ViewName, now: number, size: TopState['size']): TopState {
  return { view, answers: {}, now, filter: '', at: 0, isHelp: false, size, isOver: false };
}

/** The state after a key, an answer or another size of the terminal. */
export function step(state: TopState, event: TopEvent): TopState {
  switch (event.kind) {
    case 'size':
      return { ...state, size: { rows: event.rows, columns: event.columns } };
    case 'trouble':
      return { ...state, trouble: event.reason, now: event.now };
    case 'answers':
      return kept({ ...state, answers: taken(state, event), trouble: undefined, now: event.now });
    case 'key':
      return kept(pressed({ ...state, mistake: undefined }, event.key));
  }
}

/** The rows of the view that the filter lets through. */
export function shownRows({ view, answers, now, filter }: TopState): readonly TopRow[] | undefined {
  const wanted = filter.toLowerCase();
  return tableOf(view, answers, now)?.rows.filter(({ cells }) => cells.join(' ').toLowerCase().includes(wanted));
}

/** Counters get the ones before them, for rates. */
function taken(
  { answers: old, now: then }: TopState,
  { answers, now }: Extract<TopEvent, { kind: 'answers' }>,
): TopAnswers {
  if (answers.drops === undefined || old.drops === undefined) return { ...old, ...answers };
  return { ...old, ...answers, before: { drops: old.drops, age: now - then } };
}

/** The mark stays within the rows. */
function kept(state: TopState): TopState {
  const last = Math.max(0, (shownRows(state)?.length ?? 0) - 1);
  const at = Math.min(Math.max(0, state.at), last);
  return at === state.at ? state : { ...state, at };
}

function pressed(state: TopState, key: string): TopState {
  if (key === 'ctrl-c') return { ...state, isOver: true };
  if (state.prompt !== undefined) return typed(state, state.prompt, key);
  if (state.isHelp) return { ...state, isHelp: false, isOver: key === 'q' };
  const page = Math.max(1, state.size.rows - 8);
  switch (key) {
    case 'q':
      return { ...state, isOver: true };
    case '?':
      return { ...state, isHelp: true };
    case '/':
      return { ...state, prompt: { kind: 'filter', text: state.filter } };
    case ':':
      return { ...state, prompt: { kind: 'command', text: '' } };
    case 'escape':
      return { ...state, filter: '' };
    case 'up':
    case 'k':
      return { ...state, at: state.at - 1 };
    case 'down':
    case 'j':
      return { ...state, at: state.at + 1 };
    case 'pageup':
      return { ...state, at: state.at - page };
    case 'pagedown':
      return { ...state, at: state.at + page };
    case 'home':
    case 'g':
      return { ...state, at: 0 };
    case 'end':
    case 'G':
      return { ...state, at: Number.MAX_SAFE_INTEGER };
    case 'left':
      return turned(state, -1);
    case 'right':
      return turned(state, 1);
    default:
      return /^[1-5]$/.test(key) ? shown(state, VIEW_NAMES[Number(key) - 1]) : state;
  }
}

function turned(state: TopState, by: number): TopState {
  const { length } = VIEW_NAMES;
  return shown(state, VIEW_NAMES[(VIEW_NAMES.indexOf(state.view) + by + length) % length]);
}

function shown(state: TopState, view: ViewName): TopState {
  return view === state.view ? state : { ...state, view, at: 0, filter: '' };
}

function typed(state: TopState, prompt: Prompt, key: string): TopState {
  const changed = (text: string): TopState => ({
    ...state,
    prompt: { ...prompt, text },
    // The view follows the filter as it is typed.
    ...(prompt.kind === 'filter' && { filter: text }),
  });
  if (key === 'escape') return { ...state, prompt: undefined, ...(prompt.kind === 'filter' && { filter: '' }) };
  if (key === 'backspace') return changed(prompt.text.slice(0, -1));
  if (key === 'enter')
    return prompt.kind === 'filter' ? { ...state, prompt: undefined } : commanded(state, prompt.text);
  return [...key].length === 1 ? changed(prompt.text + key) : state;
}

/** A view by its name or how it begins; `q` and `quit` end. */
function commanded(state: TopState, text: string): TopState {
  const word = text.trim().toLowerCase();
  const done = { ...state, prompt: undefined };
  if (word === '') return done;
  if (word === 'q' || word === 'quit') return { ...done, isOver: true };
  const view = VIEW_NAMES.find((name) => name.startsWith(word));
  return view === undefined
    ? { ...done, mistake: `no view '${word}'; there are ${VIEW_NAMES.join(', ')}` }
    : shown(done, view);
}
