import { KINDS, kindWords, type Position, type Words } from './words.ts';

/** Lines of fish's `complete`, each with the condition under which it holds. */
export function fishScript(name: string, all: readonly Words[]): string {
  const lines = all.flatMap((words) => {
    const when = condition(words);
    // Where a kind and then names of it are given, each has its turn.
    const turn = ({ live, words: fixed }: Position): string =>
      live === 'of' ? `; and __${name}_kind >/dev/null` : fixed === KINDS ? `; and not __${name}_kind >/dev/null` : '';
    const line = (rest: string): string => `complete -c ${name} -n '${when}' ${rest}`;
    const names = words.options.filter((option) => option.startsWith('--'));
    return [
      ...(words.commands.length > 0 ? [line(`-f -a '${words.commands.join(' ')}'`)] : []),
      ...names.map((option) => {
        const place = words.values.get(option);
        const flag = `-l ${option.slice(2)}`;
        if (place === undefined) return line(`-f ${flag}`);
        return line(`-r ${flag}${isKnown(place) ? ` -f -a '${offer(name, place)}'` : ''}`);
      }),
      ...words.places
        .filter(isKnown)
        .map((place) => `complete -c ${name} -n '${when}${turn(place)}' -f -a '${offer(name, place)}'`),
    ];
  });
  return `# ${name}: completion for fish.
function __${name}_kind
  for word in (commandline -opc)
    if contains -- (string lower -- $word) ${kindWords().join(' ')}
      echo $word
      return 0
    end
  end
  return 1
end
${lines.join('\n')}
`;
}

function condition({ path, commands }: Words): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const none = commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.join(' ')}`] : [];
  return [...seen, ...none].join('; and ');
}

function isKnown({ words, live }: Position): boolean {
  return words.length > 0 || live !== undefined;
}

function offer(name: string, { words, live }: Position): string {
  if (live === undefined) return words.join(' ');
  const what = live === 'of' ? `(__${name}_kind)` : live;
  return `(command ${name} __names ${what} 2>/dev/null)`;
}
