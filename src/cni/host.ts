import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';

export { makeFolder } from '../base/folder.ts';

/**
 * The system calls of the plugin, by Node. `quickjs/host.ts` has the same by QuickJS, for the plugin that is one
 * program of its own: the build takes the one or the other (`deploy/plugin`).
 */

export function pid(): number {
  return process.pid;
}

export function exists(path: string): boolean {
  return existsSync(path);
}

/** The names in a folder; none when there is no such folder. */
export function list(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** Writes a file that is on disk when this returns. */
export function writeFile(path: string, text: string, mode: number): void {
  const file = openSync(path, 'w', mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function rename(from: string, to: string): void {
  renameSync(from, to);
}

/** Done also when there is no such file. */
export function remove(path: string): void {
  rmSync(path, { force: true });
}

export function inodeOf(path: string): number {
  return statSync(path).ino;
}

/** Mounts a file over another one. By mount(8): Node has no such call. A runtime may start us without a PATH. */
export async function bind(from: string, to: string): Promise<void> {
  await mount('mount', '--bind', from, to);
}

/** Takes the mount away. */
export async function unbind(path: string): Promise<void> {
  await mount('umount', '--lazy', path);
}

async function mount(...words: readonly [string, ...string[]]): Promise<void> {
  const { code } = await runProgram(words, { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, '');
  if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${code}`);
}

/**
 * Runs a program to its end with this on its stdin; resolves with what it said on stdout. Loaded when it is needed:
 * starting other programs takes Node's own modules longer to load than all the rest.
 */
export async function runProgram(
  [command, ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.on('close', (code) => resolve({ code: code ?? 128, stdout }));
    child.stdin.end(input);
  });
}
