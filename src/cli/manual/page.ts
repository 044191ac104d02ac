import type { Command } from 'commander';

/** A page of the manual, in the macros of man(7). */
export interface ManPage {
  /** File name: `vrouter-bgp.8`. */
  readonly file: string;
  readonly text: string;
}

export interface ManOptions {
  readonly version: string;
  /** 8 for what administers the system, 1 for what users call. */
  readonly section: number;
}

/** A page for the program, and one for each command right below it, with all commands beneath that one. */
export function manPages(root: Command, options: ManOptions): readonly ManPage[] {
  const help = root.createHelp();
  const below = help.visibleCommands(root).filter((command) => command.name() !== 'help');
  const pages = below.map((command) => `${root.name()}-${command.name()}`);
  const index = below.flatMap((command, at) => [
    '.TP',
    `.BR ${word(pages[at])} (${options.section})`,
    text(sentence(command.description())),
  ]);
  return [
    page(root, root.name(), options, [...optionLines(root), '.SH COMMANDS', ...index], pages),
    ...below.map((command, at) => {
      const deeper = descendants(command).flatMap((one) => [
        `.SS ${text(wordsOf(one, root).join(' '))}`,
        ...synopsis(one, root),
        '.PP',
        ...description(one),
        ...argumentLines(one, []),
        ...optionLines(one, []),
      ]);
      const commands = deeper.length > 0 ? ['.SH COMMANDS', ...deeper] : [];
      return page(
        command,
        pages[at],
        options,
        [...argumentLines(command), ...optionLines(command), ...commands],
        [root.name()],
        root,
      );
    }),
  ];
}

function page(
  command: Command,
  name: string,
  { version, section }: ManOptions,
  body: readonly string[],
  related: readonly string[],
  root: Command = command,
): ManPage {
  const [first] = command.description().split(/(?<=\.)\s/);
  const also = related.map((page) => `${page}(${section})`);
  const lines = [
    `.TH ${name.toUpperCase()} ${section} "" "vRouter ${version}" "vRouter"`,
    '.SH NAME',
    `${word(name)} \\- ${text(first.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    ...synopsis(command, root),
    '.SH DESCRIPTION',
    ...description(command),
    ...body,
    '.SH SEE ALSO',
    ...also.map(
      (page, at) =>
        `.BR ${page.replace(/^(.*)\((\d)\)$/, (_, title, number) => `${word(title)} (${number})`)}${at < also.length - 1 ? ' ,' : ''}`,
    ),
  ];
  return { file: `${name}.${section}`, text: `${lines.join('\n')}\n` };
}

function synopsis(command: Command, root: Command): readonly string[] {
  const usage = command.createHelp().visibleCommands(command).length > 0 ? '[options] command' : command.usage();
  return [`.B ${word(wordsOf(command, root).join(' '))}`, text(usage)];
}

function description(command: Command): readonly string[] {
  const more = afterHelp(command);
  return [
    text(sentence(command.description())),
    ...(more === '' ? [] : ['.PP', '.nf', ...more.split('\n').map(text), '.fi']),
  ];
}

function argumentLines(command: Command, title = ['.SH ARGUMENTS']): readonly string[] {
  const all = command.createHelp().visibleArguments(command);
  if (all.length === 0) return [];
  const lines = all.flatMap((argument) => {
    const choices = argument.argChoices === undefined ? '' : ` One of: ${argument.argChoices.join(', ')}.`;
    return ['.TP', `.I ${word(argument.name())}`, text(`${sentence(argument.description)}${choices}`)];
  });
  return [...title, ...lines];
}

function optionLines(command: Command, title = ['.SH OPTIONS']): readonly string[] {
  const help = command.createHelp();
  const lines = help
    .visibleOptions(command)
    .flatMap((option) => ['.TP', `.B ${word(option.flags)}`, text(sentence(help.optionDescription(option)))]);
  return lines.length === 0 ? [] : [...title, ...lines];
}

/** The text that `--help` has below the options. */
function afterHelp(command: Command): string {
  let said = '';
  const output = command.configureOutput();
  command.configureOutput({ ...output, writeOut: (chunk) => (said += chunk) });
  command.outputHelp();
  command.configureOutput(output);
  return said.slice(command.helpInformation().length).trim();
}

function descendants(command: Command): readonly Command[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  return below.flatMap((one) => [one, ...descendants(one)]);
}

function wordsOf(command: Command, root: Command): readonly string[] {
  return command === root || command.parent === null
    ? [command.name()]
    : [...wordsOf(command.parent, root), command.name()];
}

function sentence(said: string): string {
  const begun = said.charAt(0).toUpperCase() + said.slice(1);
  return begun === '' || /[.:!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Text that troff takes as it stands: nothing in it is a request, and a minus can be copied. */
function text(said: string): string {
  const escaped = said.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  const ascii = escaped.replaceAll('–', '\\(en').replaceAll('…', '...').replaceAll('’', '\\(cq');
  return /^[.']/.test(ascii) ? `\\&${ascii}` : ascii;
}

/** The same as one argument of a macro. */
function word(said: string): string {
  const escaped = text(said).replaceAll('"', '\\(dq');
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}
