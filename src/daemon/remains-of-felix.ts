import { few } from '../base/index.ts';
import type { FelixRemains } from '../dataplane/index.ts';
import { formatRule } from '../netlink/index.ts';

/** The remains of Felix on this node: each kind is a sentence, with what it does and the command that removes it. */
export function remainsOfFelix({ tables, ipSets, rules, devices }: FelixRemains): string[] {
  const told: string[] = [];
  if (tables.length > 0) {
    told.push(
      `Felix's chains are still in the packet filter (${tables.join(', ')}) and drop what pods send that Felix does not know. ` +
        `If calico-node has ended on this node, remove them: ${removal(tables).join('; ')}`,
    );
  }
  if (ipSets.length > 0) {
    const command = "ipset list -n | grep '^cali' | xargs -rn1 ipset destroy";
    told.push(`sets of Felix's are left: ${few(ipSets)}. They do nothing but take memory. Remove them: ${command}`);
  }
  for (const rule of rules) {
    const command = `ip${rule.family === 6 ? ' -6' : ''} rule del priority ${rule.priority}`;
    told.push(`Felix's rule for WireGuard is left: ${formatRule(rule)}. Remove it: ${command}`);
  }
  if (devices.length > 0) {
    told.push(
      `Calico's eBPF data plane has left devices (${devices.join(', ')}), and its programs act on others. Restart the node`,
    );
  }
  return told;
}

/** Chains among those of others go with the lines that name them; a table that is all Felix's goes as a whole. */
function removal(tables: readonly string[]): readonly string[] {
  const [own, shared] = [true, false].map((isOwn) => tables.filter((table) => table.endsWith(' calico') === isOwn));
  const programs = [
    ...(shared!.some((table) => table.startsWith('ip ')) ? ['iptables'] : []),
    ...(shared!.some((table) => table.startsWith('ip6 ')) ? ['ip6tables'] : []),
  ];
  return [
    ...programs.map((program) => `${program}-save | grep -v 'cali[-:]' | ${program}-restore`),
    ...own!.map((table) => `nft delete table ${table}`),
  ];
}
