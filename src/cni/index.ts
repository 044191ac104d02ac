/**
 * cni: the plugin that container runtimes start for every pod. It thinks as little as it can: environment and stdin in,
 * one question to the daemon's socket, the answer out. The daemon is warm and knows everything; this process lives for
 * milliseconds, so it loads no library. It runs in QuickJS (`quickjs/`) or in Node: what it asks of either is in
 * `host.ts`. CNI specification 0.1.0 to 1.1.0.
 */
export { followToken, type InstallIo, installCni } from './install.ts';
export type { CniIo } from './io.ts';
export { runCni } from './plugin.ts';
export { runCniProcess } from './process.ts';
