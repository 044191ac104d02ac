import type { BuildOptions, Plugin } from 'esbuild';

/** How programs are bundled: those of `dist/`, and those of measurements that are to start as fast. */

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

/** Parts of prom-client that no program uses, and that would have the daemon load TLS, zlib, cluster and OpenTelemetry. */
const unused: Plugin = {
  name: 'unused',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/lib\/(pushgateway|cluster|defaultMetrics)$/ }, ({ path, importer }) =>
      importer.includes('/prom-client/') ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: '' }));
  },
};

/** Only packages with native parts stay in `node_modules`. */
export const programs = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  external: ['koffi', 'netlink'],
  plugins: [lazyHttp, unused],
  logLevel: 'warning',
} satisfies BuildOptions;

/** What is asked for later is a file of its own, which costs the start nothing. */
export const modules = {
  format: 'esm',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Packages written as CommonJS ask for Node's modules by `require`, which modules don't have.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nglobalThis.require ??= requireFrom(import.meta.url);",
  },
} satisfies BuildOptions;
