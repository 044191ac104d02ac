import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import * as z from 'zod';
import { type CaseFile, type CaseResult, caseFile, runCases } from '../../policy/cases/index.ts';
import { CommandError, FileError } from '../errors.ts';
import type { Io } from '../io.ts';
import { parseValue } from '../manifest/documents.ts';
import { junit } from '../printers/junit.ts';
import { listCommand } from './policy-list.ts';
import { stagedCommand } from './policy-staged.ts';
import { verifyCommand } from './policy-verify.ts';
import { whyCommand } from './policy-why.ts';

/** `vrouter policy`: what policy says, without a packet. Exit code 1 is an answer, 2 a question that can't be asked. */
export function policyCommand(io: Io): Command {
  const root = new Command('vrouter policy').description('Ask what network policies say, and why.');
  for (const make of [whyCommand, listCommand, verifyCommand, stagedCommand, testCommand]) root.addCommand(make(io));
  return root;
}

interface TestOptions {
  readonly junit?: string;
}

function testCommand(io: Io): Command {
  return new Command('test')
    .description('Judge the cases of files (format policy-verdicts/1, YAML or JSON) and report verdicts that differ.')
    .argument('<files...>', 'files of worlds, policies and what they should let through')
    .option('--junit <file>', 'write the results as JUnit XML too')
    .addHelpText('after', '\nExit code: 0 all are as they should be, 1 some are not or a file is none, 2 wrong usage.')
    .action(async (names: readonly string[], { junit: report }: TestOptions) => {
      const files = await Promise.all(names.map(async (name) => [name, await readCases(name, io)] as const));
      // A case may name a world of another file.
      const worlds = Object.assign({}, ...files.map(([, file]) => file.worlds)) as CaseFile['worlds'];
      const results = await Promise.all(
        files.map(async ([name, file]) => ({ name, cases: await runCases(file, worlds) })),
      );
      for (const { name, cases } of results) for (const one of cases) io.stdout(resultText(name, one));
      if (report !== undefined) await writeFile(resolve(io.cwd, report), junit(results));
      const all = results.flatMap(({ cases }) => cases);
      const failed = all.filter(({ failures }) => failures.length > 0).length;
      const probes = all.reduce((sum, one) => sum + one.probes, 0);
      io.stdout(`${all.length} cases, ${probes} probes, ${failed} failed\n`);
      if (failed > 0) throw new CommandError(`${failed} of ${all.length} cases failed`);
    });
}

async function readCases(name: string, io: Io): Promise<CaseFile> {
  const text = name === '-' ? await io.stdin() : await readFile(resolve(io.cwd, name), 'utf8');
  const read = caseFile.safeParse(parseValue(text));
  if (read.success) return read.data;
  throw new FileError(`${name} is no file of policy cases:\n${z.prettifyError(read.error)}`);
}

/** Failures shown of one case; the rest is counted. */
const SHOWN = 10;

function resultText(file: string, { id, title, failures, problems }: CaseResult): string {
  const told = problems.map(
    ({ policy, field, reason }) => `  note: ${policy.kind} ${policy.name}: ${field} ${reason}\n`,
  );
  if (failures.length === 0) return told.length === 0 ? '' : `ok   ${file}: ${id}\n${told.join('')}`;
  const more = failures.length > SHOWN ? `  and ${failures.length - SHOWN} more\n` : '';
  const lines = failures.slice(0, SHOWN).map((failure) => `  ${failure}\n`);
  return `FAIL ${file}: ${id}${title === undefined ? '' : `: ${title}`}\n${lines.join('')}${more}${told.join('')}`;
}
