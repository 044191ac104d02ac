import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { pluginBuild } from './plugin.ts';

/**
 * Builds `dist/`: the programs as bundles that start fast, and `dist/bin/`, the commands that start them on the
 * Node that the lockfile pins. Only packages with native parts stay in `node_modules`.
 */
const root = new URL('..', import.meta.url);
const dist = new URL('dist/', root);
const external = ['koffi', 'netlink'];

/**
 * `import` of node:http makes Node load its whole fetch, which costs every start some 100 ms: the loader reads all
 * exports of a built-in module, and one of them is lazy for good reason. Asked for in this way, it stays lazy.
 */
const lazyHttp: Plugin = {
  name: 'lazy-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ path }) => ({ path, namespace: 'built-in' }));
    onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

await rm(dist, { recursive: true, force: true });
await mkdir(new URL('bin/', dist), { recursive: true });

const shared = {
  absWorkingDir: root.pathname,
  bundle: true,
  platform: 'node',
  target: 'node24',
  external,
  plugins: [lazyHttp],
  logLevel: 'warning',
} satisfies BuildOptions;

await Promise.all([
  build({
    ...shared,
    entryPoints: { vrouter: 'src/main.ts', calicoctl: 'src/main.ts' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // Packages written as CommonJS ask for Node's modules by `require`, which modules don't have.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nglobalThis.require ??= requireFrom(import.meta.url);",
    },
  }),
  build(pluginBuild('dist/calico.cjs')),
  // What `import … from 'vrouter/bgp'` gets: Node strips no types below node_modules.
  build({ ...shared, entryPoints: { bgp: 'src/bgp/index.ts' }, outdir: 'dist', format: 'esm' }),
]);

const wrapper = (file: string): string => `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/../../node_modules/.bin/node" "$here/../${file}" "$@"
`;
for (const [name, file] of Object.entries({
  vrouter: 'vrouter.js',
  calicoctl: 'calicoctl.js',
  calico: 'calico.cjs',
})) {
  const path = new URL(`bin/${name}`, dist);
  await writeFile(path, wrapper(file));
  await chmod(path, 0o755);
}
// Without it Node would look for a package.json above dist, and find the same answer more slowly.
await writeFile(new URL('package.json', dist), '{ "type": "module" }\n');
