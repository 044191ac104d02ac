import { registerHooks } from 'node:module';
import * as z from 'zod';

/**
 * Loaded before a test file: puts one mutant's text in the place of the original as the file is read. Nothing on disk
 * changes, so any number of mutants may be tried at once.
 */
const mutant = z
  .object({ file: z.string(), find: z.string(), replace: z.string() })
  .parse(JSON.parse(process.env['MUTANT'] ?? '{}'));

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(`/${mutant.file}`)) return loaded;
    const source = String(loaded.source);
    return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) };
  },
});
