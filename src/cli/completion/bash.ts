import type { Position, Words } from './words.ts';

/** A function of bash that fills COMPREPLY. It asks for live names only where they may stand. */
export function bashScript(name: string, all: readonly Words[]): string {
  const me = `__${name.replaceAll(/[^A-Za-z0-9]/g, '_')}_complete`;
  const deeper = all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const taking = [...new Set(all.flatMap(({ values }) => [...values.keys()]))];
  return `# ${name}: completion for bash, and for zsh by way of it.
${me}() {
  local at='' word next='' live='' value='' current='' glue='' i
  local -a given=() typed=()
  # Bash takes a word apart at colons and equals signs: it is put together again.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
    : | :: | =) current="$current$word"; glue=1 ;;
    *)
      if [ -n "$glue" ]; then current="$current$word"; glue=''; continue; fi
      if [ $i -gt 1 ]; then typed+=("$current"); fi
      current="$word" ;;
    esac
  done
  for word in "\${typed[@]}"; do
    if [ -n "$value" ]; then value=''; continue; fi
    case "$word" in
    ${taking.join('|')}) value="$word"; continue ;;
    -*) continue ;;
    esac
    case "\${at:+$at }$word" in
    ${deeper.join('|')}) if [ \${#given[@]} -eq 0 ]; then at="\${at:+$at }$word"; continue; fi ;;
    esac
    given+=("$word")
  done
  if [ -n "$value" ]; then
    case "$at $value" in
${all.flatMap(valueCases).join('\n')}
    esac
  else
    case "$at" in
${all
  .filter(({ commands }) => commands.length > 0)
  .map((words) => `    '${words.path}') next='${words.commands.join(' ')}' ;;`)
  .join('\n')}
    esac
    case "$at \${#given[@]}" in
${all.flatMap(placeCases).join('\n')}
    esac
    case "$current" in
    -*) live=''; case "$at" in
${all.map(({ path, options }) => `      '${path}') next='${options.join(' ')}' ;;`).join('\n')}
      esac ;;
    esac
  fi
  if [ "$live" = of ]; then live="\${given[0]}"; fi
  if [ -n "$live" ]; then next="$next $(command ${name} __names "$live" 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$next" -- "$current"))
  # What stands before the last colon is there already, as bash sees it.
  case "\${BASH_VERSION:-}\${current}" in
  [0-9]*:*) word="\${current%"\${current##*:}"}"; COMPREPLY=("\${COMPREPLY[@]#"$word"}") ;;
  esac
}
complete -o default -F ${me} ${name}
`;
}

function valueCases({ path, values }: Words): readonly string[] {
  return [...values]
    .filter(([, place]) => isKnown(place))
    .map(([option, place]) => `    '${path} ${option}') ${offer(place)} ;;`);
}

function placeCases({ path, places, isOpen }: Words): readonly string[] {
  return places.flatMap((place, at) => {
    if (!isKnown(place)) return [];
    const isLast = isOpen && at === places.length - 1;
    const counts = isLast ? `${at === 0 ? '' : `'${path} '[${at}-9]|`}'${path} '[0-9]*` : `'${path} ${at}'`;
    return [`    ${counts}) ${offer(place)} ;;`];
  });
}

function isKnown({ words, live }: Position): boolean {
  return words.length > 0 || live !== undefined;
}

function offer({ words, live }: Position): string {
  return [
    ...(words.length > 0 ? [`next="$next ${words.join(' ')}"`] : []),
    ...(live === undefined ? [] : [`live='${live}'`]),
  ].join('; ');
}
