/**
 * completion: what a shell offers for a command line that is being typed.
 *
 *   command tree (commander) → words (pure: what may follow where) → bash, zsh, fish
 *                                                  └ live names: the shell asks `__names WHAT` when it needs them
 *
 * The scripts hold all that does not change. Pods, nodes, pools and peers are asked for at the key press, by a hidden command
 * that answers at once or says nothing.
 */

import type { Command } from 'commander';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completionWords } from './words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The script for all commands of a program, which has the root's name. */
export function completionScript(shell: Shell, root: Command): string {
  return SCRIPTS[shell](root.name(), completionWords(root));
}

/** zsh takes bash's script; from a folder of functions it is loaded at the first key press, and completes that one too. */
function zshScript(name: string, words: ReturnType<typeof completionWords>): string {
  return `#compdef ${name}
autoload -U +X bashcompinit && bashcompinit
${bashScript(name, words)}
[ "\${funcstack[1]:-}" = _${name} ] && _bash_complete -o default -F __${name}_complete
return 0 2>/dev/null || :
`;
}
