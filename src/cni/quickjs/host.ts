import * as native from 'qjs:host';
import * as os from 'qjs:os';

/** As `../host.ts`, by QuickJS and `deploy/plugin/host.c`. */

const EEXIST = -17;
const ENOENT = -2;
const ANY_LENGTH = 2 ** 30;

/** A refusal of the kernel's, with the words that Node has for it. */
function check(result: number, what: string, ...allowed: readonly number[]): number {
  if (result < 0 && !allowed.includes(result)) throw new Error(`${what}: ${native.words(result)}`);
  return result;
}

export function pid(): number {
  return native.pid();
}

export function exists(path: string): boolean {
  return os.stat(path)[1] === 0;
}

export function list(path: string): readonly string[] {
  return os.readdir(path)[0].filter((name) => name !== '.' && name !== '..');
}

export function makeFolder(path: string, mode: number): void {
  const above = path.slice(0, path.lastIndexOf('/'));
  if (above !== '' && !exists(above)) makeFolder(above, 0o755);
  check(os.mkdir(path, mode), `mkdir ${path}`, EEXIST);
}

export function writeFile(path: string, text: string, mode: number): void {
  const file = check(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), `open ${path}`);
  try {
    check(native.write(file, text), `write ${path}`);
    check(native.fsync(file), `fsync ${path}`);
  } finally {
    os.close(file);
  }
}

export function rename(from: string, to: string): void {
  check(os.rename(from, to), `rename ${from}`);
}

export function remove(path: string): void {
  check(os.remove(path), `remove ${path}`, ENOENT);
}

export function inodeOf(path: string): number {
  const [status, errno] = os.stat(path);
  if (status === null) throw new Error(`stat ${path}: ${native.words(errno)}`);
  return status.ino;
}

export async function bind(from: string, to: string): Promise<void> {
  check(native.bind(from, to), `mount ${from}`);
}

export async function unbind(path: string): Promise<void> {
  check(native.unbind(path), `umount ${path}`);
}

/**
 * Runs a program. The input is less than a pipe holds, or it reads all of that before it answers, as IPAM plugins do.
 */
export async function runProgram(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const [stdin, stdout] = [os.pipe(), os.pipe()];
  if (stdin === null || stdout === null) throw new Error('no pipe could be made');
  const given = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const options = { block: false, usePath: true, stdin: stdin[0], stdout: stdout[1], env: given };
  const child = check(os.exec(words, options), `starting ${words[0]}`);
  os.close(stdin[0]);
  os.close(stdout[1]);
  native.write(stdin[1], input);
  os.close(stdin[1]);
  const said = native.read(stdout[0], false, ANY_LENGTH);
  os.close(stdout[0]);
  const [, status] = os.waitpid(child, 0);
  if (typeof said === 'number') throw new Error(`${words[0]}: ${native.words(said)}`);
  const signalled = (status & 0x7f) !== 0;
  return { code: signalled ? 128 : status >> 8, stdout: said };
}
