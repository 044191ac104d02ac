import { normalize } from 'node:path';
import { type Outcome, runCheck, runTapFile } from './outcome.ts';

/**
 * The files of test/uml run each in a User-Mode Linux kernel of its own, which has what the host's kernel may lack:
 * tunnel devices, and a clock that jumps to the next timer whenever all processes wait.
 */
const FOLDER = 'test/uml/';

export function isForGuest(file: string): boolean {
  return normalize(file).startsWith(FOLDER);
}

/**
 * Makes sure that the kernel is there; the first time this takes minutes. Tests that run meanwhile go first. `hear` is told
 * that it is being built, or that another run builds it.
 */
export function buildKernel(hear: (text: string) => void): Promise<Outcome> {
  return runCheck('kernel of test/uml', ['nice', '-n', '10', 'bash', 'test/uml/kernel.sh'], hear);
}

/** Runs the file in a guest once the kernel is there. Without one it is skipped, and in CI that is a failure. */
export async function runInGuest(file: string, kernel: Promise<Outcome>): Promise<Outcome> {
  const { failures, words } = await kernel;
  if (failures.length === 0) {
    return runTapFile(file, ['bash', 'test/uml/run.sh'], { UML_PASS: 'CI TAP TAP_TIMEOUT NODE_COMPILE_CACHE' });
  }
  const why = `there is no kernel to run it in: ${words.trim()}`;
  const none: Outcome = { passed: 0, failures: [], skipped: [], words: '', seconds: 0, worked: 0 };
  return process.env['CI']
    ? { ...none, failures: [{ name: file, details: why }] }
    : { ...none, skipped: [`${file}: ${why}`] };
}
