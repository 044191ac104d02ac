import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { build } from 'esbuild';
import { LIBRARY } from './published.ts';

const root = new URL('../../', import.meta.url).pathname;
const folder = join(root, 'src/bgp');

/**
 * Builds what `bgp-speaker-ts` is elsewhere, in src/bgp/dist: one module of plain JavaScript with what it needs of
 * src/base in it, and the declarations that its door leads to.
 */
export async function buildLibrary(): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  if (!existsSync(tsc))
    throw new Error('declarations need TypeScript, which is not installed: sh deploy/setup.sh check');
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    external: ['koffi'],
    entryPoints: ['src/bgp/index.ts'],
    outfile: join(folder, LIBRARY.program),
    logLevel: 'warning',
  });
  const types = join(folder, 'dist/types');
  const switches = ['--noEmit', 'false', '--incremental', 'false', '--declaration', '--emitDeclarationOnly'];
  const config = join(root, `library-${process.pid}.tmp`);
  writeFileSync(
    config,
    JSON.stringify({ extends: './tsconfig.json', include: [], files: ['src/bgp/index.ts'], compilerOptions: {} }),
  );
  try {
    const args = [tsc, '-p', config, ...switches, '--rootDir', join(root, 'src'), '--outDir', types];
    execFileSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
  } finally {
    rmSync(config);
  }
  keepReachable(types, 'bgp/index.d.ts');
}

/** Declarations of what nobody outside can name go; those that stay name each other as every TypeScript reads it. */
function keepReachable(types: string, door: string): void {
  const reached = new Set<string>();
  const open = [door];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const path = join(types, file);
    const text = readFileSync(path, 'utf8');
    const here = dirname(file);
    for (const [, to] of text.matchAll(/(?:from |import\()['"](\.[^'"]*)\.ts['"]/g)) {
      open.push(`${normalize(join(here, to))}.d.ts`);
    }
    writeFileSync(path, text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
  }
  for (const file of globSync('**/*.d.ts', { cwd: types })) if (!reached.has(file)) rmSync(join(types, file));
}
