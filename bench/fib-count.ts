import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * Tells when the kernel's main table holds as many IPv4 prefixes as asked for. It reads the trie's own statistics, so
 * that looking costs the measured daemon next to nothing. A line `N` on stdin is answered by the wall-clock time at
 * which there were N routes: `>= N` for growing, `<= N` with a leading minus for shrinking.
 */
function count(): number {
  const text = readFileSync('/proc/self/net/fib_triestat', 'utf8');
  // The statistics of the tries follow each other, Main first where local and main are apart, once if merged.
  return Math.max(...[...text.matchAll(/Prefixes:\s+(\d+)/g)].map(([, number]) => Number(number)));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const goal = Math.abs(Number(line));
  const reached = (): boolean => (line.startsWith('-') ? count() <= goal : count() >= goal);
  const look = (): void => {
    if (reached()) process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
    else setTimeout(look, 4);
  };
  look();
});
process.stdout.write(`${count()}\n`);
