/** The sequences that terminals send for keys that are no letters. */
const SEQUENCES: Readonly<Record<string, string>> = {
  ...{ '\x1b[A': 'up', '\x1b[B': 'down', '\x1b[C': 'right', '\x1b[D': 'left' },
  ...{ '\x1bOA': 'up', '\x1bOB': 'down', '\x1bOC': 'right', '\x1bOD': 'left' },
  ...{
    '\x1b[5~': 'pageup',
    '\x1b[6~': 'pagedown',
    '\x1b[H': 'home',
    '\x1b[F': 'end',
    '\x1b[1~': 'home',
    '\x1b[4~': 'end',
  },
  ...{ '\r': 'enter', '\n': 'enter', '\x7f': 'backspace', '\b': 'backspace', '\x03': 'ctrl-c', '\x1b': 'escape' },
};
const LONGEST = 4;
/** After the escape: whatever else begins as these do. */
const UNKNOWN = /^.[[O][0-9;]*[A-Za-z~]?/s;

/** The keys in what a terminal has sent at once; what is none that is known is left out. */
export function keysOf(text: string): readonly string[] {
  const keys: string[] = [];
  for (let at = 0; at < text.length; ) {
    const [sequence, key] = known(text, at);
    if (key !== undefined) {
      keys.push(key);
      at += sequence.length;
      continue;
    }
    const letter = String.fromCodePoint(text.codePointAt(at)!);
    if (letter >= ' ') keys.push(letter);
    at += letter.length;
  }
  return keys;
}

/** The longest sequence at a place. One that begins as a sequence and is not known is skipped as a whole. */
function known(text: string, at: number): readonly [sequence: string, key: string | undefined] {
  for (let length = LONGEST; length > 0; length--) {
    const sequence = text.slice(at, at + length);
    if (sequence.length === length && Object.hasOwn(SEQUENCES, sequence)) {
      const isLone = sequence !== '\x1b' || at + 1 === text.length;
      if (isLone) return [sequence, SEQUENCES[sequence]];
    }
  }
  const [unknown] = (text[at] === '\x1b' && UNKNOWN.exec(text.slice(at))) || [];
  return unknown === undefined ? ['', undefined] : [unknown, ''];
}
