import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * The CNI plugin as one program that needs nothing on the host, no libraries and no Node: QuickJS runs the TypeScript of
 * src/cni, compiled to its byte code and linked statically. It starts in a millisecond. The source of QuickJS is in the npm
 * package `qjsc`; a C compiler has to be there.
 */
const root = new URL('../../', import.meta.url).pathname;
const source = join(root, 'node_modules/qjsc/deps/quickjs_2021_03_27');
/** MIT. */
export const quickjsLicense = join(source, 'LICENSE');
const parts = ['quickjs', 'libregexp', 'libunicode', 'cutils', 'quickjs-libc'];
const flags = ['-O2', '-w', '-D_GNU_SOURCE', `-I${source}`];

/** By its name in an import: what stands in its place. */
const replaced: Readonly<Record<string, string>> = {
  './host.ts': 'src/cni/quickjs/host.ts',
  '../control/exchange.ts': 'src/control/exchange-quickjs.ts',
};

const byQuickjs: Plugin = {
  name: 'by-quickjs',
  setup({ onResolve }) {
    onResolve({ filter: /^qjs:/ }, ({ path }) => ({ path: path.slice('qjs:'.length), external: true }));
    onResolve({ filter: /^\.\.?\/(host|control\/exchange)\.ts$/ }, ({ path, importer }) =>
      /\/src\/cni\/[^/]+$/.test(importer) ? { path: join(root, replaced[path]) } : undefined,
    );
  },
};

/** Builds it at `outfile`; what it lacks for that, if anything. */
export async function buildProgram(outfile: string): Promise<string | undefined> {
  if (!existsSync(source)) return 'the npm package qjsc';
  if (!works('cc', ['--version'])) return 'a C compiler (cc)';
  const work = mkdtempSync(join(tmpdir(), 'vrouter-plugin-'));
  try {
    const library = compiledQuickjs(work);
    const script = join(work, 'calico.js');
    await build({
      absWorkingDir: root,
      bundle: true,
      entryPoints: ['src/cni/quickjs/main.ts'],
      outfile: script,
      format: 'esm',
      target: 'es2020',
      minify: true,
      plugins: [byQuickjs],
      logLevel: 'warning',
    });
    const main = join(work, 'main.c');
    execFileSync(join(library, 'qjsc'), ['-e', '-m', '-M', 'host,host', '-o', main, script]);
    const made = join(work, 'calico');
    const inputs = [main, join(root, 'deploy/plugin/host.c'), ...parts.map((part) => join(library, `${part}.o`))];
    compile(['-static', '-s', '-o', made, ...inputs, '-lm', '-ldl', '-lpthread']);
    writeFileSync(outfile, readFileSync(made), { mode: 0o755 });
    return undefined;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** QuickJS's objects and its compiler. They are kept for the next build: it takes a processor twenty seconds. */
function compiledQuickjs(work: string): string {
  const key = createHash('sha256');
  for (const part of [...parts, 'qjsc']) key.update(readFileSync(join(source, `${part}.c`)));
  const kept = join(root, 'node_modules/.cache', `quickjs-${process.arch}-${key.digest('hex').slice(0, 16)}`);
  if (existsSync(join(kept, 'qjsc'))) return kept;
  const making = join(work, 'quickjs');
  mkdirSync(making);
  for (const part of parts) {
    const [from, to] = [join(source, `${part}.c`), join(making, `${part}.o`)];
    compile(['-DCONFIG_VERSION="2021-03-27"', '-c', '-o', to, from]);
  }
  const objects = parts.map((part) => join(making, `${part}.o`));
  const compiler = ['-DCONFIG_VERSION="2021-03-27"', '-DCONFIG_PREFIX="/usr"', '-DCONFIG_CC="cc"'];
  const qjsc = [join(source, 'qjsc.c'), ...objects, '-lm', '-ldl', '-lpthread'];
  compile([...compiler, '-o', join(making, 'qjsc'), ...qjsc]);
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  rmSync(kept, { recursive: true, force: true });
  execFileSync('cp', ['-R', making, `${kept}.${process.pid}`]);
  renameSync(`${kept}.${process.pid}`, kept);
  return kept;
}

/** Warnings are for those who write QuickJS; what fails is in the error. */
function compile(words: readonly string[]): void {
  execFileSync('cc', [...flags, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
