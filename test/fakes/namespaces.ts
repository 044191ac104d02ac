import { execFileSync } from 'node:child_process';

/** Options of a test on the real kernel. In CI it must run: there, to be left out is a failure. */
export const needsRoot = { skip: process.getuid?.() === 0 || process.env['CI'] ? false : 'it needs root' };

let count = 0;

/** Makes a network namespace of this process's own (`vrt-<pid>-<n>`) and gives its path and the way to remove it. */
export function makeNamespace(): { readonly name: string; readonly path: string; remove(): void } {
  const name = `vrt-${process.pid}-${count++}`;
  execFileSync('ip', ['netns', 'add', name]);
  return { name, path: `/run/netns/${name}`, remove: () => execFileSync('ip', ['netns', 'delete', name]) };
}
