/** A cluster of any size for measurements: nodes with 4 blocks and 10 pods each, one pool, a mesh, VXLAN. */
import type { KindName, ResourceOf } from '../src/model/index.ts';
import { newResource } from '../src/model/index.ts';

export const BLOCKS_EACH = 4;
export const PODS_EACH = 10;

/** `beat`: the second of its last heartbeat; `rack`: a label. */
export function nodeOf(
  number: number,
  { beat = 0, rack = 0, tunnel = number * BLOCKS_EACH * 64 } = {},
): ResourceOf<'Node'> {
  const name = `node-${number}`;
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', rack: `${rack}` };
  const annotations = { 'node.alpha.kubernetes.io/ttl': '0', beat: `${beat}` };
  const bgp = { ipv4Address: `${address(0xac100000 + number + 1)}/12` };
  return newResource('Node', { name, labels, annotations }, { bgp, ipv4VXLANTunnelAddr: address(0x0a000000 + tunnel) });
}

/** `used`: how many of its addresses are in use; `borrower`: the node that one more of them is with. */
export function blockOf(number: number, used = 3, borrower?: number): ResourceOf<'IPAMBlock'> {
  const node = `node-${Math.floor(number / BLOCKS_EACH)}`;
  const cidr = `${address(0x0a000000 + number * 64)}/26`;
  const attributes = Array.from({ length: used }, (_, at) => ({
    handle_id: `k8s-pod-network.${number}-${at}`,
    secondary: { node, namespace: 'default', pod: `web-${number}-${at}` },
  }));
  const last = borrower === undefined ? [] : [{ handle_id: 'other', secondary: { node: `node-${borrower}` } }];
  const allocations = Array.from({ length: 64 }, (_, at) => (at < used + last.length ? at : null));
  const unallocated = allocations.flatMap((allocated, at) => (allocated === null ? [at] : []));
  const spec = { cidr, affinity: `host:${node}`, allocations, unallocated, attributes: [...attributes, ...last] };
  return newResource('IPAMBlock', { name: cidr.replaceAll(/[./]/g, '-') }, spec as never);
}

/** `turn`: what differs of it. */
export function podOf(node: number, number: number, turn = 0): ResourceOf<'WorkloadEndpoint'> {
  const pod = `web-${node}-${number}`;
  const first = 0x0a000000 + node * BLOCKS_EACH * 64;
  return newResource(
    'WorkloadEndpoint',
    {
      name: `node--${node}-k8s-${pod.replaceAll('-', '--')}-eth0`,
      namespace: 'default',
      labels: { app: `a${number}` },
    },
    {
      orchestrator: 'k8s',
      node: `node-${node}`,
      pod,
      endpoint: 'eth0',
      ipNetworks: [`${address(first + 1 + number + 16 * (turn % 2))}/32`],
      interfaceName: `cali${node}x${number}`,
      profiles: ['kns.default', 'ksa.default.default'],
    },
  );
}

export function poolOf(natOutgoing = true): ResourceOf<'IPPool'> {
  return newResource(
    'IPPool',
    { name: 'default-ipv4-ippool' },
    { cidr: '10.0.0.0/8', vxlanMode: 'Always', natOutgoing },
  );
}

/** A second pool, which holds one block of each of a hundred nodes at most. */
export function smallPoolOf(vxlanMode: 'Always' | 'CrossSubnet'): ResourceOf<'IPPool'> {
  return newResource('IPPool', { name: 'a-small-pool' }, { cidr: '10.0.0.0/24', vxlanMode });
}

/** Our own affinity to each of our blocks. */
export function affinitiesOf(node: number): ResourceOf<'BlockAffinity'>[] {
  return Array.from({ length: BLOCKS_EACH }, (_, at) => {
    const cidr = `${address(0x0a000000 + (node * BLOCKS_EACH + at) * 64)}/26`;
    const spec = { state: 'confirmed', node: `node-${node}`, cidr, type: 'host', deleted: false };
    return newResource('BlockAffinity', { name: `node-${node}-${cidr.replaceAll(/[./]/g, '-')}` }, spec as never);
  });
}

/** All of it. */
export function* cluster(nodes: number): Iterable<ResourceOf<KindName>> {
  yield poolOf();
  for (let node = 0; node < nodes; node++) {
    yield nodeOf(node);
    for (let at = 0; at < BLOCKS_EACH; at++) yield blockOf(node * BLOCKS_EACH + at);
    for (let at = 0; at < PODS_EACH; at++) yield podOf(node, at);
  }
  yield* affinitiesOf(0);
}

function address(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}
