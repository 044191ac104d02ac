import { readFileSync } from 'node:fs';
import { runCni } from './plugin.ts';

/** The plugin as the running process: its environment, all of its stdin, its stdout. */
export function runCniProcess(): Promise<number> {
  return runCni({
    env: process.env,
    stdin: process.stdin.isTTY ? '' : readFileSync(0, 'utf8'),
    stdout: (text) => process.stdout.write(text),
  });
}
