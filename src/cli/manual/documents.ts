import type { Command } from 'commander';
import { completionScript, type Shell } from '../completion/index.ts';
import { manPages } from './page.ts';

/** A file below `/usr/share`. */
export interface DocumentFile {
  readonly path: string;
  readonly text: string;
}

/** Where Debian's shells look for what they load at the first key press. */
const PLACES: Readonly<Record<Shell, (name: string) => string>> = {
  bash: (name) => `bash-completion/completions/${name}`,
  zsh: (name) => `zsh/vendor-completions/_${name}`,
  fish: (name) => `fish/vendor_completions.d/${name}.fish`,
};

/** Manual pages and completion of a program; `section`: that of its pages. */
export function documents(root: Command, section: number, version: string): readonly DocumentFile[] {
  const pages = manPages(root, { version, section });
  const scripts = Object.entries(PLACES).map(([shell, place]) => ({
    path: place(root.name()),
    text: completionScript(shell as Shell, root),
  }));
  return [...pages.map(({ file, text }) => ({ path: `man/man${section}/${file}`, text })), ...scripts];
}
