/**
 * The long fuzz of the BGP decoders: `node test/fuzz/fuzz-bgp.ts [executions] [seed]`. Mutates the corpus and runs
 * framing and every decoder on the result. On a broken promise it prints the input in hex and ends with status 1; the
 * same seed finds it again.
 */
import { Framer } from '../../src/bgp/wire/index.ts';
import { CORPUS, execute, SESSIONS } from './bgp-corpus.ts';

const executions = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1) >>> 0;
/** Longer than any message of the corpus, with room for octets put in. */
const CAPACITY = 1024;
const MAX_GROWTH = 64;
/** Milliseconds that one execution may take: a thousand times what it does take, so that only a hang gets there. */
const HANG = 2000;

let state = seed || 1;

/** xorshift32: an integer below `limit`. */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const INTERESTING = Uint8Array.of(0, 1, 2, 3, 4, 7, 8, 14, 15, 16, 17, 32, 33, 64, 127, 128, 129, 254, 255);
const input = new Uint8Array(CAPACITY);

/** Makes a bad message in `input` from a good one; returns its length. */
function mutate(): number {
  const good = CORPUS[below(CORPUS.length)];
  input.set(good);
  let length = good.length;
  for (let count = 1 + below(4); count > 0; count--) {
    const at = 19 + below(Math.max(1, length - 19));
    const kind = below(8);
    if (kind < 3) input[at] = below(256);
    else if (kind === 3) input[at] ^= 1 << below(8);
    else if (kind < 6) input[at] = INTERESTING[below(INTERESTING.length)];
    else if (kind === 6 && length < good.length + MAX_GROWTH) {
      // A piece of the message once more, at another place.
      const size = Math.min(1 + below(16), length - at, CAPACITY - length);
      if (size > 0) {
        input.copyWithin(at + size, at, length);
        length += size;
      }
    } else {
      const size = Math.min(1 + below(8), length - at);
      input.copyWithin(at, at + size, length);
      length -= size;
    }
  }
  // Mostly the length is put right, so that more than framing is reached.
  if (below(16) !== 0) {
    input[16] = length >>> 8;
    input[17] = length;
  }
  return length;
}

const started = performance.now();
let framer = new Framer();
let at = started;
for (let count = 1; count <= executions; count++) {
  const length = mutate();
  const session = SESSIONS[below(SESSIONS.length)];
  try {
    if (framer.error !== undefined || framer.buffered > 0) framer = new Framer();
    execute(framer, input.subarray(0, length), session, count % 16 === 0);
  } catch (error) {
    console.error(`execution ${count}, seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    console.error(
      `session ${SESSIONS.indexOf(session)}, input ${Buffer.from(input.subarray(0, length)).toString('hex')}`,
    );
    process.exit(1);
  }
  if (count % 65536 === 0) {
    const now = performance.now();
    if (now - at > HANG * 30) console.error(`executions ${count - 65535} … ${count} took ${Math.round(now - at)} ms`);
    at = now;
    if (count % (65536 * 64) === 0) report(count);
  }
}
report(executions);

function report(count: number): void {
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${count} executions in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second, nothing broken`,
  );
}
