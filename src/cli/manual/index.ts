/**
 * manual: the files of a system's documentation, made from the command tree when the programs are built.
 *
 *   command tree (commander) ─┬─ page (pure: man(7)) ───► man/man8, man/man1
 *                             └─ completion ────────────► bash-completion, zsh, fish
 */
export { documents } from './documents.ts';
export { manPages } from './page.ts';
