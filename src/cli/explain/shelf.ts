import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from '../errors.ts';
import { type ExplainedName, entriesOf } from './entries.ts';

/** Beside built programs, and in a clone, on the way up from this file. */
const PLACES = ['share/doc/vrouter', 'docs'];

/** All names that the pages explain. They are read when they are asked for. */
export function shelf(from = import.meta.dirname): readonly ExplainedName[] {
  const folder = docsAbove(from);
  const page = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const runbooks = globSync('*.md', { cwd: join(folder, 'runbooks') }).filter((name) => name !== 'README.md');
  return entriesOf({
    errors: page('errors.md'),
    metrics: page('metrics.md'),
    runbooks: runbooks.sort().map((name) => page(join('runbooks', name))),
  });
}

function docsAbove(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    for (const place of PLACES) {
      const [found] = globSync(join(place, 'errors.md'), { cwd: at });
      if (found !== undefined) return join(at, place);
    }
    if (dirname(at) === at) break;
  }
  const missing = `no ${PLACES[0]}/errors.md above ${from}`;
  throw new CommandError(`the pages that explain names are not installed: ${missing}; install vRouter again`);
}
