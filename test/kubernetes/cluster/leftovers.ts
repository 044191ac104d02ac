import { mustRun } from '../../../src/lab/command.ts';
import { programsOf } from '../../../src/lab/program.ts';
import { MAIN } from '../../cluster/program.ts';
import type { RealCluster } from './cluster.ts';

/** What is left in a cluster in which no pod has a network: interfaces, routes, rules and addresses. Empty is good. */
export async function leftovers(cluster: RealCluster): Promise<string[]> {
  const found: string[] = [];
  for (const { name, machine } of cluster.nodes) {
    const of = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await machine.run(words)).split('\n').map((line) => `${name}: ${line.trim()}`);
    const links = await of('ip', '-o', 'link', 'show', 'type', 'veth');
    const routes = await of('ip', 'route', 'show', 'table', 'all');
    const rules = await of('nft', 'list', 'ruleset');
    found.push(...[...links, ...routes, ...rules].filter((line) => /\bcali[0-9a-f]{11}\b/.test(line)));
  }
  return [...found, ...(await addresses(cluster))];
}

/** What `calicoctl ipam check` finds wrong, and every address that is given out to no node's tunnel. */
async function addresses({ control }: RealCluster): Promise<readonly string[]> {
  const check = [...programsOf(MAIN).calicoctl, 'ipam', 'check', '--show-all-ips'];
  const text = await mustRun(control.inside([...control.environment, ...check]));
  const lines = text.split('\n').map((line) => line.trim());
  const given = lines.filter((line) => / allocated; attrs /.test(line) && !/TunnelAddress/.test(line));
  return text.includes('found 0 problems') ? given : [...given, text];
}
