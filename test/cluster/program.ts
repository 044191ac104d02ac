import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist/vrouter.js', import.meta.url));

/**
 * The program that whole clusters run: the bundle that is shipped, which starts in a third of the sources' time (a
 * cluster starts dozens of processes), or the sources when they have changed since.
 */
export const MAIN = isFresh() ? BUNDLE : `${SOURCES}main.ts`;

function isFresh(): boolean {
  if (!existsSync(BUNDLE)) return false;
  const built = statSync(BUNDLE).mtimeMs;
  return readdirSync(SOURCES, { recursive: true, withFileTypes: true }).every(
    (entry) => !entry.isFile() || statSync(`${entry.parentPath}/${entry.name}`).mtimeMs <= built,
  );
}
