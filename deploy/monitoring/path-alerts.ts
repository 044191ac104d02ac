import type { Alert } from './alert.ts';

const LABELS = '{{ $labels.path }}, {{ $labels.afi }}';

/** Both are silent where `VROUTER_PATH_PROBE_INTERVAL` is 0: nobody probes. */
export const PATH_ALERTS: readonly Alert[] = [
  {
    name: 'PathLossHigh',
    expr: 'vrouter_path_loss_ratio > 0.05',
    for: '5m',
    severity: 'warning',
    summary: 'Packets between two nodes are lost',
    description: `${'{{ $value | humanizePercentage }}'} of the probes from {{ $labels.instance }} to {{ $labels.node }} (${LABELS}) get no answer.`,
    impact: 'Traffic between the pods of these nodes is slow; where all is lost, there is none.',
    look: [
      'Which paths: all to one node (that node, its cable), all from one (this node), `overlay` alone (the tunnel), or some of everything (a switch between).',
      'All of it lost from the start: is UDP port 9178 (`VROUTER_PATH_PROBE_PORT`) let through, by a firewall, and by policy of HostEndpoints (it is none of the failsafe ports)? Does the other node probe at all (`VROUTER_PATH_PROBE_INTERVAL`)?',
      '`vrouter status` on both nodes: routes, sessions and tunnels that are refused or down.',
      '`vrouter_tunnel_drops_total`, and errors and drops of the uplink: `ip -s link`.',
    ],
    mend: [
      'Mend the link or the tunnel that is named.',
      'Allow the port between nodes: a GlobalNetworkPolicy for the HostEndpoints, or FailsafeInboundHostPorts and FailsafeOutboundHostPorts of FelixConfiguration.',
    ],
  },
  {
    name: 'PathMtuBlackhole',
    expr: '(vrouter_path_mtu_bytes > 0) < on (job, instance) group_left vrouter_pod_mtu_bytes',
    for: '5m',
    severity: 'critical',
    summary: 'Large packets between two nodes vanish, small ones do not',
    description: `From {{ $labels.instance }} to {{ $labels.node }} (${LABELS}) packets get through whole up to {{ $value | humanize }} octets; pods send larger ones.`,
    impact:
      'Connections between pods of these nodes open and then hang: handshakes are small, data is not. Health checks may go on succeeding.',
    look: [
      '`path`: with `underlay`, a link between the nodes takes less than their interfaces say; with `overlay` alone, there is no room for what the tunnel adds.',
      '`ping -M do -s SIZE NODE`, SIZE being the octets less 28, hop by hop.',
      '`vrouter_pod_mtu_bytes`, and `mtu`, `vxlanMTU`, `ipipMTU` and `wireguardMTU` of FelixConfiguration.',
    ],
    mend: [
      'Raise the MTU of the link that is too narrow.',
      'Or give pods a smaller one (FelixConfiguration); pods that are there keep theirs until they are made anew.',
    ],
  },
];
