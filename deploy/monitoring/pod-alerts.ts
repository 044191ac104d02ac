import type { Alert } from './alert.ts';

const USE = 'sum by (ippool) (ipam_allocations_in_use) / on (ippool) max by (ippool) (ipam_ippool_size)';

const POOL = {
  for: '5m',
  description: '{{ $value | humanizePercentage }} of the addresses of IP pool {{ $labels.ippool }} are in use.',
  look: [
    '`calicoctl ipam show --show-blocks`: what uses the pool, and blocks that are nearly empty.',
    '`calicoctl ipam check`: addresses that nobody uses any more.',
  ],
  mend: [
    'Make another IPPool, or a larger one; a pool can not grow in place.',
    'Give leaked addresses back: `calicoctl ipam release`.',
  ],
} as const;

export const POD_ALERTS: readonly Alert[] = [
  {
    ...POOL,
    name: 'IPPoolNearlyFull',
    expr: `${USE} > 0.85`,
    severity: 'warning',
    summary: 'More than 85 % of an IP pool are in use',
    impact: 'Nothing yet. At the present growth new pods get no address soon.',
  },
  {
    ...POOL,
    name: 'IPPoolAlmostFull',
    expr: `${USE} > 0.95`,
    severity: 'critical',
    summary: 'More than 95 % of an IP pool are in use',
    impact: 'Nodes that need a block may get none: they borrow single addresses, and then pods do not start.',
  },
  {
    name: 'IPAMLeak',
    expr: 'min_over_time(ipam_allocations_gc_candidates[1h]) > 0',
    for: '30m',
    severity: 'warning',
    summary: 'Addresses are held that nobody seems to use',
    description:
      '{{ $value | humanize }} addresses of {{ $labels.ippool }} on {{ $labels.node }} have belonged to nobody for an hour, and are not taken back.',
    impact: 'The pool has fewer addresses than it should. Nothing else.',
    look: ['`calicoctl ipam check --show-problem-ips`, and whether the node still exists.'],
    mend: [
      '`calicoctl ipam release --from-report` with a report of `ipam check`.',
      'A node that is gone: delete its Node, and its blocks are given back.',
    ],
  },
  {
    name: 'PolicyProgrammingSlow',
    expr: 'histogram_quantile(0.99, sum by (job, instance, le) (rate(vrouter_policy_program_seconds_bucket[5m]))) > 5',
    for: '5m',
    severity: 'warning',
    summary: 'Changes of policy take more than 5 seconds',
    description:
      '1 % of the changes of policy on {{ $labels.instance }} take {{ $value | humanizeDuration }} and more to be in the kernel.',
    impact: 'New pods wait for their network, and what a policy forbids now is still allowed for so long.',
    look: [
      '`vrouter_nft_transactions_total` and the processor of the node.',
      'How many policies and rules there are, and what changes them so often.',
    ],
    mend: ['Fewer changes at once; sets and selectors in the place of rules for single addresses.'],
  },
  {
    name: 'PolicyDisagreement',
    expr: 'vrouter_policy_disagreements > 0',
    for: '1m',
    severity: 'critical',
    summary: 'The kernel treats packets otherwise than policy says',
    description:
      'The self-check of {{ $labels.instance }} has found {{ $value | humanize }} packets that the kernel treats otherwise than policy says.',
    impact: 'Something is let through that should not be, or the other way about.',
    look: [
      '`vrouter policy verify` on the node names each packet, both verdicts and the rules.',
      'Programs that write into the tables of vRouter or flush the ruleset.',
    ],
    mend: [
      'Stop the other program: the tables are repaired within a second.',
      'Otherwise keep the output of `vrouter policy verify` for a report, and restart the daemon.',
    ],
  },
];
