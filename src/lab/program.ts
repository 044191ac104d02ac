import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LabPlan, NodePlan } from './plan.ts';

/** How the lab starts the three programs: each a command to which arguments are added. */
export interface Programs {
  readonly vrouter: readonly string[];
  readonly calicoctl: readonly string[];
  readonly cni: readonly string[];
  /** Folder with the commands `vrouter` and `calicoctl`, for `lab exec`; absent when there is none. */
  readonly bin?: string;
}

/** The programs that belong to `main`, the file that is running: the bundles beside it, or the sources. */
export function programsOf(main: string): Programs {
  const node = process.execPath;
  const vrouter = [node, main];
  const beside = (name: string): string => fileURLToPath(new URL(name, `file://${main}`));
  const bin = fileURLToPath(new URL(main.endsWith('.ts') ? '../dist/bin' : 'bin', `file://${main}`));
  return {
    vrouter,
    calicoctl: [...vrouter, 'calicoctl'],
    cni: pluginOf(beside) ?? [...vrouter, 'cni'],
    ...(existsSync(bin) && { bin }),
  };
}

/** The plugin as it is installed on hosts: a program of its own where there was a C compiler, else a script for Node. */
function pluginOf(beside: (name: string) => string): readonly string[] | undefined {
  if (existsSync(beside('calico'))) return [beside('calico')];
  return existsSync(beside('calico.cjs')) ? [process.execPath, beside('calico.cjs')] : undefined;
}

/** The environment of every program on a node: the node's name, the store, the daemon's socket. */
export function nodeEnvironment(lab: LabPlan, node: NodePlan): Readonly<Record<string, string>> {
  return {
    NODENAME: node.name,
    DATASTORE_TYPE: 'sqlite',
    SQLITE_PATH: lab.datastore,
    VROUTER_SOCKET: node.socket,
    VROUTER_MTU_FILE: `${lab.directory}/${node.name}.mtu`,
    VROUTER_IPAM_LEDGER: `${lab.directory}/${node.name}.ledger.jsonl`,
  };
}
