import type { Alert } from './alert.ts';

const ADVERTISED = 'sum by (job, instance) (vrouter_bgp_prefixes{direction="advertised"})';

export const BGP_ALERTS: readonly Alert[] = [
  {
    name: 'BGPSessionDown',
    expr: 'vrouter_bgp_session_up == 0',
    for: '2m',
    severity: 'warning',
    summary: 'A BGP session is not Established',
    description:
      '{{ $labels.instance }} has had no session with {{ $labels.peer }} (AS {{ $labels.peer_as }}) for 2 minutes.',
    impact:
      'Routes of this peer are gone, or stay only until its restart time ends. Pods behind it are reached by other peers, or not at all.',
    look: [
      '`vrouter bgp summary` on the node: the state of the session and why it is so; `vrouter bgp neighbor PEER` has its history.',
      'The peer: does its daemon run, and does it know this node as a neighbour with the same AS numbers?',
      'The way: TCP port 179 (or that of `listenPort`) between both, in both directions; firewalls, security groups.',
    ],
    mend: [
      'Start or mend the peer, or correct the BGPPeer or BGPConfiguration: the reason names the field that differs.',
      'A peer that is gone for good: delete its BGPPeer or its Node.',
    ],
  },
  {
    name: 'BGPAllSessionsDown',
    expr: 'sum by (job, instance) (vrouter_bgp_session_up) == 0',
    for: '1m',
    severity: 'critical',
    summary: 'A node has lost all its BGP sessions',
    description:
      '{{ $labels.instance }} has no Established BGP session. Its pods are cut off from those that need BGP to reach them.',
    impact:
      'Nobody learns of the pods of this node by BGP, and it learns of nobody. What peers keep for its restart ends soon.',
    look: [
      '`vrouter status` on the node: is the network of the node itself up, and does it have the address that it is registered with?',
      '`vrouter bgp summary`: one reason for all sessions is one cause, such as a port that somebody else listens on or a wrong AS number.',
      'What changed: a firewall, the address of the node, the BGPConfiguration, a password.',
    ],
    mend: [
      'Bring back the network or the address of the node; correct what the reason names.',
      'Where the node is to be taken out: `kubectl cordon` and drain it, then stop the daemon.',
    ],
  },
  {
    name: 'BFDSessionDown',
    expr: 'vrouter_bfd_session_up == 0',
    for: '2m',
    severity: 'warning',
    summary: 'BFD does not hear a BGP peer',
    description: '{{ $labels.instance }} has had no BFD session with {{ $labels.peer }} for 2 minutes.',
    impact:
      'The way to the peer has failed and its BGP session was ended for that; or BGP is up again, and another failure is noticed only when its hold time is over.',
    look: [
      '`vrouter bgp neighbor PEER`: the state of BFD at both ends, and what ended it the last time.',
      'The peer: does it do BFD with this node, over one hop (UDP port 3784) or over several (4784), as we do?',
      'The way: those ports in both directions, and over one hop packets that arrive with a hop limit of 255; loss on the links between both.',
    ],
    mend: [
      'Mend the link, or let BFD through the firewall.',
      'A peer that does no BFD: set `failureDetectionMode: None` in its BGPPeer.',
      'Intervals that a busy end can’t keep: longer ones in the BFDConfiguration.',
    ],
  },
  {
    name: 'BGPFlapping',
    expr: 'increase(vrouter_bgp_session_flaps_total[10m]) >= 3',
    for: '1m',
    severity: 'warning',
    summary: 'A BGP session comes and goes',
    description:
      'The session of {{ $labels.instance }} with {{ $labels.peer }} has gone down {{ $value | humanize }} times in 10 minutes.',
    impact:
      'Each loss withdraws routes or makes them stale, and each return announces them anew: packets are lost, processors are kept busy.',
    look: [
      '`vrouter bgp neighbor PEER`: the reasons of the last losses. `hold timer expired` is a network or a peer that stands still.',
      '`vrouter_event_loop_lag_seconds` of both ends, and what else uses their processors.',
      'Errors and drops of the links between both, and their MTU: large UPDATEs are lost where small KEEPALIVEs pass.',
    ],
    mend: [
      'Mend the link or the MTU, or give the daemon its processor.',
      'A NOTIFICATION names a disagreement: correct the configuration of one end.',
    ],
  },
  {
    name: 'BGPPrefixesDropped',
    expr: 'vrouter_bgp_prefixes{direction="received"} < 0.5 * max_over_time(vrouter_bgp_prefixes{direction="received"}[1h])',
    for: '5m',
    severity: 'warning',
    summary: 'A BGP peer announces less than half of what it did',
    description:
      '{{ $labels.instance }} has {{ $value | humanize }} prefixes of {{ $labels.peer }}: less than half of the most within the last hour.',
    impact: 'Part of the network is reached by another way, or no more.',
    look: [
      '`vrouter bgp neighbor PEER received` against what the peer says that it announces.',
      'Filters, communities and the IP pools of the peer, and whether it lost peers of its own.',
    ],
    mend: ['Undo the change at the peer; where it is wanted, the alert ends by itself within the hour.'],
  },
  {
    name: 'BGPNotAdvertisingBlocks',
    expr: `(${ADVERTISED} == 0) and on (job, instance) (vrouter_ipam_blocks > 0) and on (job, instance) (max by (job, instance) (vrouter_bgp_session_up) == 1)`,
    for: '5m',
    severity: 'critical',
    summary: 'A node announces none of its blocks',
    description:
      '{{ $labels.instance }} has blocks of addresses and BGP sessions, and announces nothing to any of them.',
    impact: 'Other nodes and routers do not know the way to the pods of this node.',
    look: [
      '`vrouter bgp route BLOCK --why`: who is not told of it, and which filter says so.',
      'BGPFilters and `disableBGPExport` of the IP pools.',
    ],
    mend: [
      'Correct the filter or the pool.',
      'A cluster whose pools all have `disableBGPExport` needs no BGP: set `CALICO_NETWORKING_BACKEND=vxlan`, or silence this alert.',
    ],
  },
];
