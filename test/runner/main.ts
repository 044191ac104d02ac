import { globSync, statSync } from 'node:fs';
import { styleText } from 'node:util';
import { buildKernel, isForGuest, runInGuest } from './guest.ts';
import { type Outcome, runCheck, runTapFile } from './outcome.ts';
import { pathOfTests } from './programs.ts';

/**
 * Runs the checks and tap's test files, each in its own process, a few at a time, and says nothing of what passes.
 * Arguments are files or folders, or `--checks` for the checks alone; without any, all is run. The last line is
 * `N passed, N failed`.
 *
 * The files print TAP, so `node test/x.test.ts` shows one in full. `tap run` would do too, but first compiles a test
 * class of its own and then puts module loaders in front of every file, which no file here needs.
 */

/** Whole clusters and containers work for a third of their time and wait for the rest: three keep two processors busy. */
const JOBS = Number(process.env['JOBS'] ?? 3);

process.env['PATH'] = pathOfTests();

const checks: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '-p', '.'],
  'types in the browser': ['tsc', '-p', 'src/page/browser'],
  'format and lint': ['biome', 'check', '--error-on-warnings', '.'],
  'import rules': ['depcruise', '--config', 'test/dependencies.json', 'src'],
  'dead code': ['knip'],
  'code that only tests use': ['knip', '--config', 'test/dead-code.jsonc'],
};

/** A job that took longer, in seconds, is named at the end: it is what to look at when the suite grows slow. */
const SLOW = 20;

interface Job {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

/** Milliseconds between two lines that tell how far it is, where there is no terminal to tell it all the time. */
const TELL_EVERY = 30_000;

function jobs(paths: readonly string[]): Job[] {
  const check = ([name, command]: [string, readonly string[]]): Job => ({ name, run: () => runCheck(name, command) });
  if (paths[0] === '--checks') return Object.entries(checks).map(check);
  const files = (paths.length === 0 ? ['test'] : paths).flatMap((path) =>
    statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`).sort() : [path],
  );
  const guests = files.filter(isForGuest);
  // It is built beside the tests that do not need it.
  const kernel = guests.length > 0 ? buildKernel((text) => process.stdout.write(text)) : undefined;
  const first = paths.length > 0 ? [] : Object.entries(checks);
  return [
    ...first.map(check),
    ...files.filter((file) => !isForGuest(file)).map((file) => ({ name: file, run: () => runTapFile(file) })),
    ...guests.map((file) => ({ name: file, run: () => runInGuest(file, kernel!) })),
  ];
}

const waiting = jobs(process.argv.slice(2));
const total = waiting.length;
const sum = { passed: 0, failed: 0, done: 0 };
const skipped: string[] = [];
const slow: string[] = [];
const current = new Set<string>();
const onTerminal = process.stdout.isTTY;

function tell({ passed, failures, skipped: skippedHere, words }: Outcome): void {
  sum.passed += passed;
  sum.failed += failures.length;
  sum.done++;
  skipped.push(...skippedHere);
  if (onTerminal) process.stdout.write('\r\x1b[K');
  for (const { name, details } of failures) {
    process.stdout.write(`${styleText('red', '✗')} ${name}\n${indent(details)}\n`);
  }
  if (failures.length > 0 && words !== '') process.stdout.write(`  it also said:\n${indent(words.trimEnd())}\n`);
  if (onTerminal) process.stdout.write(`${sum.done} of ${total} done, ${sum.failed} failed`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

async function work(): Promise<void> {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    current.add(job.name);
    const outcome = await job.run();
    current.delete(job.name);
    if (outcome.seconds > SLOW)
      slow.push(`${job.name}: ${outcome.seconds.toFixed(0)} s, of a processor ${outcome.worked.toFixed(0)} s`);
    tell(outcome);
  }
}

function tellSum(): void {
  process.stdout.write(`${sum.done} of ${total} done, ${sum.failed} failed; now ${[...current].join(', ')}\n`);
}

const telling = onTerminal ? undefined : setInterval(tellSum, TELL_EVERY);
await Promise.all(Array.from({ length: JOBS }, work));
clearInterval(telling);
if (onTerminal) process.stdout.write('\r\x1b[K');
for (const line of skipped) process.stdout.write(`skipped: ${line}\n`);
for (const line of slow) process.stdout.write(`slow: ${line}\n`);
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;
