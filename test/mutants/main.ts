import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MUTANTS, type Mutant } from './policy.ts';

/**
 * Plausible bugs, put into the code one at a time: each must make a test fail. What survives shows where a test is missing.
 * Arguments are words of which a mutant's description must have one; without any, all are tried.
 */
const words = process.argv.slice(2);
const chosen = MUTANTS.filter(({ what }) => words.length === 0 || words.some((word) => what.includes(word)));

/** The test that caught it; undefined when none did. */
function catcherOf({ file, find, replace, tests }: Mutant): string | undefined {
  const places = readFileSync(file, 'utf8').split(find).length - 1;
  if (places !== 1) throw new Error(`${file} has ${places} times what the mutant is to replace: ${find}`);
  return tests.find((test) => {
    const env = { ...process.env, MUTANT: JSON.stringify({ file, find, replace }) };
    const { status } = spawnSync(process.execPath, ['--import', './test/mutants/mutate.ts', test], {
      env,
      stdio: 'ignore',
    });
    return status !== 0;
  });
}

let survivors = 0;
for (const mutant of chosen) {
  const caught = catcherOf(mutant);
  if (caught === undefined) survivors++;
  console.log(`${caught === undefined ? 'SURVIVED' : 'caught  '}  ${mutant.what}${caught ? `  (${caught})` : ''}`);
}
console.log(`${chosen.length - survivors} caught, ${survivors} survived`);
process.exitCode = survivors === 0 && chosen.length > 0 ? 0 : 1;
