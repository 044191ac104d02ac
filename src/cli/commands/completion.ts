import { Argument, Command } from 'commander';
import { definitionOf, kindNames } from '../../model/index.ts';
import type { Io } from '../io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Prints what a shell is to be told, so that it completes commands, options and kinds. */
export function completionCommand(io: Io): Command {
  return new Command('completion')
    .description('Print a script that makes a shell complete commands, options and kinds: source <(… completion bash).')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number], _options: unknown, command: Command) => {
      const words = wordsOf(command.parent ?? command);
      io.stdout(shell === 'fish' ? fish(words) : `${shell === 'zsh' ? ZSH : ''}${bash(words)}`);
    });
}

const ZSH = 'autoload -U +X bashcompinit && bashcompinit\n';
const NAME = 'calicoctl';

/** What may follow each command, by the words that lead to it (`datastore migrate`); the empty words: the program. */
function wordsOf(root: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: readonly string[]): void => {
    const options = command.options.flatMap(({ long, short }) => [long, short]).filter((flag) => flag != null);
    const takesKind = command.registeredArguments.some((argument) => argument.name() === 'KIND');
    const shells = command.name() === 'completion' ? SHELLS : [];
    const below = command.commands.map((child) => child.name());
    words.set(path.join(' '), [...below, ...(takesKind ? kinds() : []), ...shells, ...options, '--help']);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(root, []);
  return words;
}

function kinds(): readonly string[] {
  return kindNames.filter((kind) => definitionOf(kind).aliases.length > 0).map((kind) => kind.toLowerCase());
}

function bash(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`);
  const deeper = [...words.keys()].filter((path) => path !== '').map((path) => `'${path}'`);
  return `# ${NAME}: completion for bash, and for zsh by way of it.
__${NAME}_complete() {
  local path='' word next=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${deeper.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F __${NAME}_complete ${NAME}
`;
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].map(([path, next]) => {
    const names = next.filter((word) => !word.startsWith('-') || word.startsWith('--'));
    const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    const when = path === '' ? '__fish_use_subcommand' : seen.join('; and ');
    return `complete -c ${NAME} -n '${when}' -a '${names.join(' ')}'`;
  });
  return `# ${NAME}: completion for fish.\n${lines.join('\n')}\n`;
}
