import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** The runtime starts the CNI plugin for every pod: one plain file, nothing in it but the plugin. */
export function pluginBuild(outfile: string): BuildOptions {
  return {
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    bundle: true,
    platform: 'node',
    target: 'node24',
    stdin: {
      contents:
        "import { runCniProcess } from './src/cni/process.ts'; runCniProcess().then((code) => process.exit(code));",
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      loader: 'ts',
    },
    outfile,
    format: 'cjs',
    minify: true,
    logLevel: 'warning',
  };
}
