import { spawn } from 'node:child_process';
import { median } from './process.ts';

/**
 * From `npm run lab` to the report that every pod has reached every other: three nodes, two pods each, on a machine
 * that is set up; and to the end of the process, when everything that the lab made is gone again.
 *
 *     node bench/cold-lab.ts [ROUNDS]
 */
const rounds = Number(process.argv[2] ?? 5);

interface Times {
  readonly report: number;
  readonly whole: number;
}

function once(): Promise<Times> {
  const began = performance.now();
  const child = spawn('npm', ['run', '--silent', 'lab', '--', '--name', `bench${process.pid}`, '--exit'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let report = Number.NaN;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (Number.isNaN(report) && /All \d+ paths between pods work/.test(text)) report = performance.now() - began;
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => {
      if (code !== 0 || Number.isNaN(report))
        reject(new Error(`the lab did not come up (exit code ${code}):\n${text}`));
      else resolve({ report: report / 1000, whole: (performance.now() - began) / 1000 });
    });
  });
}

const times: Times[] = [];
for (let round = 0; round < rounds; round++) times.push(await once());
process.stdout.write(
  `npm run lab, 3 nodes × 2 pods, median of ${rounds}: all pods reach all pods after ${median(times.map(({ report }) => report)).toFixed(1)} s, everything removed again after ${median(times.map(({ whole }) => whole)).toFixed(1)} s\n`,
);
