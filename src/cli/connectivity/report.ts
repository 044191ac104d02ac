import { junit } from '../printers/junit.ts';
import type { ConnectivityFinding } from './findings.ts';

/** Findings for a terminal: what failed with why and what to do; of what is well, how much there is of each kind. */
export function connectivityText(findings: readonly ConnectivityFinding[], all: boolean): string {
  const shown = all ? findings : findings.filter(({ result }) => result === 'failure');
  const lines = shown.map(findingText);
  const kinds = [...Map.groupBy(findings, ({ check }) => check)].map(([check, of]) => {
    const count = (result: ConnectivityFinding['result']): number => of.filter((one) => one.result === result).length;
    const word = count('failure') > 0 ? 'FAILED' : count('ok') > 0 ? 'ok' : 'skipped';
    const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
    return `${check.padEnd(16)}${word.padEnd(9)}${count('ok')} of ${of.length - count('skipped')}${skipped}\n`;
  });
  return [...kinds, ...(lines.length > 0 ? ['\n', ...lines] : [])].join('');
}

function findingText({ check, result, from, to, detail, reason, next }: ConnectivityFinding): string {
  const word = result === 'failure' ? 'FAILED' : result;
  const more = [
    ...(reason === undefined ? [] : [`    why:  ${reason}\n`]),
    ...(next === undefined ? [] : [`    next: ${next}\n`]),
  ];
  return `${word} ${check}: ${from} → ${to}\n    ${detail}\n${more.join('')}`;
}

/** One suite for each kind of check. */
export function connectivityJunit(findings: readonly ConnectivityFinding[]): string {
  const judged = findings.filter(({ result }) => result !== 'skipped');
  const suites = [...Map.groupBy(judged, ({ check }) => check)].map(([name, of]) => ({
    name: `connectivity.${name}`,
    cases: of.map(({ result, from, to, detail, reason, next }) => ({
      id: `${from} → ${to}: ${detail}`,
      failures: result === 'failure' ? [`${reason ?? ''}\n${next ?? ''}`] : [],
    })),
  }));
  return junit(suites);
}
