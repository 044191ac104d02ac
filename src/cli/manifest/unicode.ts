import { FileError } from '../errors.ts';

/**
 * The text of a manifest's octets: UTF-8, or UTF-16 if a byte order mark says so, as a shell of Windows writes it. Throws
 * `FileError` with the line of what is neither: it would be stored as another text without a word.
 */
export function unicodeText(name: string, octets: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(octets), { fatal: true }).decode(octets);
  } catch (error) {
    const line = octets.subarray(0, firstWrong(octets)).reduce((lines, octet) => lines + (octet === 0x0a ? 1 : 0), 1);
    throw new FileError(`${name}: line ${line}: the text is no UTF-8: save it as that`, { cause: error });
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** The least number of octets from the beginning that can't be the beginning of any text. */
function firstWrong(octets: Uint8Array): number {
  let [right, wrong] = [0, octets.length];
  while (right + 1 < wrong) {
    const middle = (right + wrong) >> 1;
    if (beginsText(octets.subarray(0, middle))) right = middle;
    else wrong = middle;
  }
  return wrong;
}

function beginsText(octets: Uint8Array): boolean {
  try {
    new TextDecoder(encodingOf(octets), { fatal: true }).decode(octets, { stream: true });
    return true;
  } catch {
    return false;
  }
}
