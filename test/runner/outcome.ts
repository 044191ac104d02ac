import { type ChildProcess, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Parser, type Result } from 'tap-parser';
import { stringify } from 'yaml';
import { systemClock } from '../../src/base/index.ts';
import { tapInOneFile } from './one-tap.ts';
import { LOOK_EVERY, Progress, processorTime, processorTimeOfEnded, type Sample } from './progress.ts';

/** What came of one file, or one check. */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skipped: readonly string[];
  /** Its last words on stderr; shown only when something failed. */
  readonly words: string;
  readonly seconds: number;
  /** Seconds that processors have worked for it. */
  readonly worked: number;
}

interface Failure {
  readonly name: string;
  readonly details: string;
}

/** Told to end, the runner takes with it what it runs. Ctrl-C reaches them by itself. */
const running = new Set<ChildProcess>();
process.once('SIGTERM', () => {
  for (const child of running) child.kill('SIGTERM');
  process.exit(143);
});

/** Processor time (ms) of those that have ended: what the next one adds is its own. */
let accounted = processorTimeOfEnded();

/** Seconds; tap wants a limit on the wall's clock, and ours on progress comes first. */
const TAP_TIMEOUT = 3600;
/** Stripping types and compiling takes half of a small file's time; Node keeps the result, by content. */
const NODE_COMPILE_CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vrouter/compiled');
const WORDS_LIMIT = 64 * 1024;

/**
 * Runs a file that prints TAP, if need be by the command that is to run it. Each assertion counts; a file that says
 * nothing, or ends badly, counts as a failure.
 */
export async function runTapFile(
  file: string,
  by: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const seen = { passed: 0, failures: [] as Failure[], skipped: [] as string[] };
  const [command, ...args] = [...by, process.execPath, '--import', await tapInOneFile(), file];
  const child = spawn(command, args, {
    env: { NODE_COMPILE_CACHE, ...process.env, TAP: '1', TAP_TIMEOUT: String(TAP_TIMEOUT), ...env },
  });
  const parser = new Parser({ name: file });
  follow(parser, [file], seen);
  child.stdout.pipe(parser);
  return ending(child, [child.stderr], [child.stdout]).then(({ problem, ...rest }) => {
    if (problem !== undefined && seen.failures.length === 0) seen.failures.push({ name: file, details: problem });
    else if (seen.passed + seen.failures.length + seen.skipped.length === 0) {
      seen.failures.push({ name: file, details: 'there is no assertion in it' });
    }
    return { ...seen, ...rest };
  });
}

/** Runs a command that passes or fails as a whole. `hear` is told what it says on stderr, as it says it. */
export async function runCheck(
  name: string,
  [command, ...args]: readonly string[],
  hear: (text: string) => void = () => {},
): Promise<Outcome> {
  const child = spawn(command, args, { env: { ...process.env, NO_COLOR: '1' } });
  child.stderr.on('data', (text: Buffer | string) => hear(String(text)));
  const { problem, ...rest } = await ending(child, [child.stdout, child.stderr]);
  const failures = problem === undefined ? [] : [{ name, details: `${[command, ...args].join(' ')}: ${problem}` }];
  return { passed: 1 - failures.length, failures, skipped: [], ...rest };
}

/** Follows one level of TAP and those inside it. The line that closes a subtest counts only if nothing inside did. */
function follow(
  parser: Parser,
  names: readonly string[],
  seen: { passed: number; failures: Failure[]; skipped: string[] },
): void {
  let inside: Parser | undefined;
  parser.on('child', (child: Parser) => {
    inside = child;
    follow(child, [...names, child.name], seen);
  });
  let told = 0;
  parser.on('assert', (result: Result) => {
    const name = [...names, result.name].join(' › ');
    const toldInside = seen.failures.length > told;
    if (result.skip || result.todo) seen.skipped.push(`${name}: ${result.skip || 'to do'}`);
    else if (result.ok) seen.passed += result.closingTestPoint && inside?.count !== 0 ? 0 : 1;
    else if (!(result.closingTestPoint && toldInside)) seen.failures.push({ name, details: explain(result) });
    told = seen.failures.length;
  });
}

/** The parts of a diagnosis that people read, the difference first. */
function explain({ diag }: Result): string {
  const { diff, stack, source, at, compare, ...rest } = (diag ?? {}) as Record<string, unknown>;
  return stringify({ ...(diff === undefined ? {} : { diff }), ...rest, stack }, { lineWidth: 0 }).trimEnd();
}

/** Follows a process to its end, or ends it when it gets nowhere. What it says on `streams` is kept for its last words. */
function ending(
  child: ChildProcess,
  streams: readonly NodeJS.ReadableStream[],
  others: readonly NodeJS.ReadableStream[] = [],
): Promise<Pick<Outcome, 'words' | 'seconds' | 'worked'> & { problem: string | undefined }> {
  return new Promise((resolve) => {
    let words = '';
    let said = 0;
    const started = systemClock.now();
    for (const stream of streams) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-WORDS_LIMIT);
      });
    }
    for (const stream of [...streams, ...others]) stream.on('data', ({ length }: string | Buffer) => (said += length));
    running.add(child);
    const sample = (): Sample => ({ at: systemClock.now(), worked: processorTime(child.pid ?? 0), said });
    const progress = new Progress({ at: started, worked: 0, said: 0 });
    let stuck: string | undefined;
    let cancel = (): void => {};
    const look = (): void => {
      stuck = progress.judge(sample());
      if (stuck === undefined) cancel = systemClock.after(LOOK_EVERY, look);
      else child.kill('SIGTERM') && systemClock.after(LOOK_EVERY, () => child.kill('SIGKILL'));
    };
    cancel = systemClock.after(LOOK_EVERY, look);
    let worked = 0;
    child.on('exit', () => {
      worked = (processorTimeOfEnded() - accounted) / 1000;
      accounted += worked * 1000;
    });
    const end = (problem: string | undefined): void => {
      cancel();
      running.delete(child);
      resolve({ problem: stuck ?? problem, words, seconds: (systemClock.now() - started) / 1000, worked });
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}
