import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * tap is 260 files, and to read them is most of what a small test costs: here they are one, and `tap` means that one in who
 * imports the hook. It is among tap's own packages, whose lines tap leaves out of stacks.
 */
const FOLDER = resolve('node_modules/@tapjs/in-one-file');
const [BUNDLE, HOOK] = ['tap.mjs', 'hook.mjs'].map((name) => `${FOLDER}/${name}`);

const HOOK_TEXT = `import { registerHooks } from 'node:module';
const tap = { url: new URL('tap.mjs', import.meta.url).href, format: 'module', shortCircuit: true };
registerHooks({ resolve: (name, context, next) => (name === 'tap' ? tap : next(name, context)) });
`;

/** Its parts that are CommonJS ask for Node's own modules so. */
const BANNER =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

let made: Promise<string> | undefined;

/** Makes it where there is none for these packages; resolves to the path of the hook. */
export function tapInOneFile(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  if (existsSync(HOOK) && ['package-lock.json', import.meta.filename].every(isOlder)) return HOOK;
  mkdirSync(FOLDER, { recursive: true });
  await build({
    entryPoints: ['node_modules/tap/dist/esm/index.js'],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: { js: BANNER },
    logLevel: 'error',
  });
  writeFileSync(HOOK, HOOK_TEXT);
  return HOOK;
}

function isOlder(file: string): boolean {
  return statSync(file).mtimeMs < statSync(HOOK).mtimeMs;
}
