import * as z from 'zod';
import {
  formatPrefix,
  overlaps,
  type Prefix,
  parsePrefix,
  prefix,
  tryParseInterfaceAddress,
} from '../../base/index.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type Present, type SpecOf } from './definition.ts';
import { oneOf, selector } from './field.ts';

/** Ranges that no pool may touch, with what they are. */
const linkLocal = [
  { range: parsePrefix('169.254.0.0/16'), name: 'IPv4 link local' },
  { range: parsePrefix('fe80::/10'), name: 'IPv6 link local' },
] as const;

const encapsulation = oneOf('Never', 'Always', 'CrossSubnet');

const spec = z
  .looseObject({
    cidr: z
      .string({ error: 'IPPool CIDR must be specified' })
      .min(1, 'IPPool CIDR must be specified')
      .refine((text) => readCidr(text) !== undefined, 'IPPool CIDR must be a valid subnet'),
    /** Prefix length of its blocks; 26 or 122 when absent. */
    blockSize: z.number().int().optional(),
    ipipMode: encapsulation.optional(),
    vxlanMode: encapsulation.optional(),
    natOutgoing: z.boolean().optional(),
    disabled: z.boolean().optional(),
    disableBGPExport: z.boolean().optional(),
    nodeSelector: selector.optional(),
    namespaceSelector: selector.optional(),
    allowedUses: z.array(oneOf('Workload', 'Tunnel', 'LoadBalancer')).optional(),
    assignmentMode: oneOf('Automatic', 'Manual').optional(),
  })
  .superRefine((pool, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    // Fields of the API before v3.
    if (pool['ipip'] !== undefined) wrong('ipip', 'is of an older API: use ipipMode');
    if (pool['nat-outgoing']) wrong('nat-outgoing', 'is of an older API: use natOutgoing');
    const net = readCidr(pool.cidr);
    if (net === undefined) return;
    const blockSize = pool.blockSize || defaultBlockSize(net.family);
    const [smallest, largest] = net.family === 4 ? [20, 32] : [116, 128];
    if (tryParseInterfaceAddress(pool.cidr)?.address.value !== net.value) {
      wrong('cidr', 'IPPool CIDR is not strictly masked');
    }
    if (blockSize < smallest || blockSize > largest) {
      wrong('blockSize', `block size must be between ${smallest} and ${largest}`);
    } else if (net.length > blockSize && pool.disabled !== true) {
      const advice = 'It must be equal to or greater than the block size.';
      wrong('cidr', `IP pool size is too small for use with Calico IPAM. ${advice}`);
    }
    for (const { range, name } of linkLocal) {
      if (overlaps(range, net)) wrong('cidr', `IPPool CIDR overlaps with ${name} range ${formatPrefix(range)}`);
    }
    const ipip = (pool.ipipMode ?? 'Never') !== 'Never';
    const vxlan = (pool.vxlanMode ?? 'Never') !== 'Never';
    if (ipip && net.family === 6) wrong('ipipMode', 'IPIPMode is not supported on an IPv6 IP pool');
    if (ipip && vxlan) wrong('vxlanMode', 'IPIPMode and VXLANMode cannot both be enabled on the same IP pool');
    const uses = pool.allowedUses ?? [];
    if (new Set(uses).size < uses.length) wrong('allowedUses', 'names a use twice');
    if (uses.includes('LoadBalancer')) {
      if (uses.length > 1) wrong('allowedUses', 'LoadBalancer cannot be used simultaneously with Workload or Tunnel');
      if (ipip || vxlan) wrong('allowedUses', 'LoadBalancer pools cannot use IPIP or VXLAN');
      if (pool.disableBGPExport) wrong('disableBGPExport', 'must be false for a LoadBalancer pool');
      if ((pool.nodeSelector ?? 'all()') !== 'all()') wrong('nodeSelector', 'must be all() for a LoadBalancer pool');
    }
    if (pool.namespaceSelector !== undefined && pool.namespaceSelector !== '' && uses.includes('Tunnel')) {
      wrong('namespaceSelector', 'cannot be used with a pool that is for tunnels');
    }
  });

export const ipPool = defineKind({
  kind: 'IPPool',
  plural: 'ippools',
  aliases: ['ippool', 'ippools', 'ipp', 'ipps', 'pool', 'pools'],
  namespaced: false,
  name: 'subdomain',
  essential: [
    ...['cidr', 'blockSize', 'nodeSelector', 'namespaceSelector', 'allowedUses', 'assignmentMode', 'disabled'],
  ],
  guards: ['disableBGPExport'],
  spec,
});

export type IPPoolSpec = SpecOf<typeof ipPool>;
export type IPPool = Resource<'IPPool', IPPoolSpec, { readonly conditions?: readonly PoolCondition[] }>;

export type EffectiveIPPool = Present<
  IPPoolSpec,
  | 'blockSize'
  | 'ipipMode'
  | 'vxlanMode'
  | 'natOutgoing'
  | 'disabled'
  | 'disableBGPExport'
  | 'nodeSelector'
  | 'allowedUses'
  | 'assignmentMode'
>;

/** `Allocatable` = `False` keeps new addresses out of the pool. */
export interface PoolCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** No new address may come from it: it is disabled, on its way out, or not for Calico to give from. */
export function isClosed({ metadata, spec, status }: IPPool): boolean {
  const isRefused = status?.conditions?.some((one) => one.type === 'Allocatable' && one.status === 'False');
  return Boolean(spec.disabled) || metadata['deletionTimestamp'] !== undefined || isRefused === true;
}

/** The spec with every default filled in, for those who act on it. */
export function effectivePool({ spec }: IPPool): EffectiveIPPool {
  return {
    ...spec,
    blockSize: spec.blockSize || defaultBlockSize(parsePrefix(spec.cidr).family),
    ipipMode: spec.ipipMode ?? 'Never',
    vxlanMode: spec.vxlanMode ?? 'Never',
    natOutgoing: spec.natOutgoing ?? false,
    disabled: spec.disabled ?? false,
    disableBGPExport: spec.disableBGPExport ?? false,
    nodeSelector: spec.nodeSelector ?? 'all()',
    allowedUses: spec.allowedUses ?? ['Workload', 'Tunnel'],
    assignmentMode: spec.assignmentMode ?? 'Automatic',
  };
}

function defaultBlockSize(family: 4 | 6): number {
  return family === 4 ? 26 : 122;
}

/** A CIDR, or an address that stands for its own. */
function readCidr(text: string): Prefix | undefined {
  const read = tryParseInterfaceAddress(text);
  return read && prefix(read.address, read.length);
}

/** The CIDR of a pool as Calico writes it: no bare address, and in the one form of its text. */
export function poolCidr(text: string): string {
  const cidr = readCidr(text);
  return cidr === undefined ? text : formatPrefix(cidr);
}
