import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MUTANTS, type Mutant } from './policy.ts';

/**
 * Plausible bugs, put into the code one at a time: each must make a test fail. What survives shows where a test is missing.
 * Arguments are words of which a mutant's description must have one, or parts of its file's path; without any, all are
 * tried.
 */
const words = process.argv.slice(2);
/** Tests that make nothing outside of their process. */
const PURE = /^test\/(policy|calc)\//;
const chosen = MUTANTS.filter(
  ({ what, file }) => words.length === 0 || words.some((word) => what.includes(word) || file.includes(word)),
);

/** The test that caught it; undefined when none did, `STALE` when what it replaces is not in its file just once. */
function catcherOf({ file, find, replace, tests }: Mutant): string | undefined {
  const places = readFileSync(file, 'utf8').split(find).length - 1;
  if (places !== 1) return 'STALE';
  return tests.find((test) => {
    // Where nothing has to be removed afterwards the first assertion that fails is enough.
    const bail = PURE.test(test) ? { TAP_BAIL: '1' } : {};
    const env = { ...process.env, ...bail, MUTANT: JSON.stringify({ file, find, replace }) };
    const { status } = spawnSync(process.execPath, ['--import', './test/mutants/mutate.ts', test], {
      env,
      stdio: 'ignore',
    });
    return status !== 0;
  });
}

let [survivors, stale] = [0, 0];
for (const mutant of chosen) {
  const caught = catcherOf(mutant);
  if (caught === undefined) survivors++;
  if (caught === 'STALE') stale++;
  const word = caught === undefined ? 'SURVIVED' : caught === 'STALE' ? 'STALE   ' : 'caught  ';
  const where = caught === 'STALE' ? mutant.file : caught;
  console.log(`${word}  ${mutant.what}${where ? `  (${where})` : ''}`);
}
console.log(`${chosen.length - survivors - stale} caught, ${survivors} survived, ${stale} to be written anew`);
process.exitCode = survivors + stale === 0 && chosen.length > 0 ? 0 : 1;
