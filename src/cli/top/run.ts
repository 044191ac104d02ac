import { type Cancel, type Clock, reasonOf } from '../../base/index.ts';
import { keysOf } from './keys.ts';
import { questionsOf } from './questions.ts';
import { type ScreenLine, screen } from './screen.ts';
import { firstState, step, type TopEvent } from './state.ts';
import type { ViewName } from './views.ts';

export interface TopOptions {
  readonly view: ViewName;
  readonly socket: string;
  readonly clock: Clock;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly isPlain: boolean;
}

type Input = Pick<NodeJS.ReadStream, 'on' | 'off' | 'setRawMode' | 'resume' | 'pause' | 'setEncoding'>;
type Screen = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'rows' | 'columns'>;

const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l'];
/** SGR of each look; without colours only what is marked and headings differ. */
const COLOURS: Readonly<Record<ScreenLine['look'], string>> = {
  ...{ plain: '', title: '1', head: '1', marked: '7', bad: '31', faint: '2' },
};
const PLAIN: Readonly<Record<ScreenLine['look'], string>> = {
  ...{ plain: '', title: '', head: '', marked: '7', bad: '', faint: '' },
};

/** Shows the screen until somebody ends it. The terminal is left as it was, whatever happens. */
export async function runTop(options: TopOptions, input: Input, output: Screen): Promise<void> {
  const { clock, socket, interval } = options;
  const over = Promise.withResolvers<void>();
  let state = firstState(options.view, clock.wallTime(), sizeOf(output));
  let next: Cancel | undefined;
  const take = (event: TopEvent): void => {
    const { view } = state;
    state = step(state, event);
    if (state.isOver) {
      over.resolve();
      return;
    }
    draw(output, screen(state), options.isPlain ? PLAIN : COLOURS);
    if (state.view !== view) void look();
  };
  let turn = 0;
  const look = async (): Promise<void> => {
    next?.();
    const own = ++turn;
    try {
      const answers = await questionsOf(state.view, socket);
      if (own === turn) take({ kind: 'answers', answers, now: clock.wallTime() });
    } catch (error) {
      if (own === turn) take({ kind: 'trouble', reason: reasonOf(error), now: clock.wallTime() });
    }
    if (own === turn && !state.isOver) next = clock.after(interval, () => void look());
  };
  const typed = (text: string): void => {
    for (const key of keysOf(text)) take({ kind: 'key', key });
  };
  const resized = (): void => take({ kind: 'size', ...sizeOf(output) });
  input.setRawMode(true);
  input.setEncoding('utf8');
  output.write(ENTER);
  input.on('data', typed);
  input.on('end', over.resolve);
  output.on('resize', resized);
  input.resume();
  try {
    void look();
    await over.promise;
  } finally {
    turn++;
    next?.();
    input.off('data', typed);
    input.off('end', over.resolve);
    output.off('resize', resized);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }
}

function sizeOf({ rows, columns }: Screen) {
  return { rows: rows || 24, columns: columns || 80 };
}

/** Each line in its place, and what stood there before wiped out: nothing flickers. */
function draw(output: Screen, lines: readonly ScreenLine[], looks: Readonly<Record<ScreenLine['look'], string>>): void {
  const texts = lines.map(({ text, look }, at) => {
    const style = looks[look];
    return `\x1b[${at + 1};1H${style === '' ? text : `\x1b[${style}m${text}\x1b[0m`}\x1b[K`;
  });
  output.write(texts.join(''));
}
