import * as z from 'zod';
import { formatPrefix, parsePrefix } from '../../../base/index.ts';
import type { Store } from '../../../datastore/index.ts';
import {
  affinityLabels,
  affinityName,
  blockName,
  handleName,
  type KindName,
  newResource,
  type ResourceOf,
  validate,
} from '../../../model/index.ts';

/** A key and value of etcd, as Calico's client writes them. */
const pair = z.object({ Key: z.string(), Value: z.looseObject({}), TTL: z.number().optional() });
type Pair = z.infer<typeof pair>;

/** IPAM's part of an exported datastore. */
export const ipamFileSchema = z.looseObject({
  block_affinities: z.array(pair).optional(),
  blocks: z.array(pair).optional(),
  handles: z.array(pair).optional(),
  config: pair.optional(),
});
export type IpamFile = z.infer<typeof ipamFileSchema>;

const ROOT = '/calico/ipam/v2';

/** All of IPAM; `rename` maps the names of nodes. */
export async function readIpam(store: Store, rename: (node: string) => string): Promise<IpamFile> {
  const [affinities, blocks, handles] = await Promise.all([
    store.list('BlockAffinity'),
    store.list('IPAMBlock'),
    store.list('IPAMHandle'),
  ]);
  const config = await store.get({ kind: 'IPAMConfiguration', name: 'default' });
  return {
    block_affinities: affinities.items.map(({ spec }) => {
      const value = { state: spec.state ?? 'confirmed' };
      return at(`${ROOT}/${spec.type ?? 'host'}/${rename(spec.node)}/${cidrPath(spec.cidr)}`, value);
    }),
    blocks: blocks.items.map(({ spec }) => {
      const { affinity, affinityClaimTime, attributes, ...rest } = spec;
      const owner = affinity?.replace(/^host:(.*)$/, (_, node: string) => `host:${rename(node)}`);
      const value = {
        ...rest,
        affinity: owner,
        affinity_claim_time: affinityClaimTime,
        attributes: attributes.map((attribute) => renamedAttribute(attribute, rename)),
      };
      return at(`${ROOT}/assignment/${cidrPath(spec.cidr)}`, value);
    }),
    handles: handles.items.map(({ spec }) => {
      const value = { block: spec.block, deleted: spec.deleted ?? false };
      return at(`${ROOT}/handle/${renamedHandle(spec.handleID, rename)}`, value);
    }),
    ...(config && { config: at(`${ROOT}/config`, configValue(config.spec)) }),
  };
}

/** The objects that a file's pairs stand for. Throws what `validate` throws. */
export function ipamResources(file: IpamFile): readonly ResourceOf<KindName>[] {
  return [
    ...(file.block_affinities ?? []).map(affinityOf),
    ...(file.blocks ?? []).map(blockOf),
    ...(file.handles ?? []).map(handleOf),
    ...(file.config ? [configOf(file.config)] : []),
  ];
}

function at(Key: string, Value: Readonly<Record<string, unknown>>): Pair {
  return { Key, Value: { ...Value }, TTL: 0 };
}

/** `ipv4/block/10.0.0.0-26` */
function cidrPath(cidr: string): string {
  return `ipv${parsePrefix(cidr).family}/block/${cidr.replace('/', '-')}`;
}

function cidrOf(key: string): string {
  return formatPrefix(parsePrefix((key.split('/').at(-1) ?? '').replace(/-(?=\d+$)/, '/')));
}

const TUNNEL_HANDLE = /^((?:ipip|vxlan|vxlan-v6|wireguard|wireguard-v6)-tunnel-addr-)(.+)$/;

function renamedHandle(handle: string, rename: (node: string) => string): string {
  return handle.replace(TUNNEL_HANDLE, (_, prefix: string, node: string) => prefix + rename(node));
}

interface Attribute {
  readonly handle_id?: string | undefined;
  readonly secondary?: Readonly<Record<string, string>> | undefined;
}

function renamedAttribute(attribute: Attribute, rename: (node: string) => string): Attribute {
  const { handle_id, secondary } = attribute;
  const node = secondary?.['node'];
  return {
    ...attribute,
    ...(handle_id !== undefined && { handle_id: renamedHandle(handle_id, rename) }),
    ...(node !== undefined && { secondary: { ...secondary, node: rename(node) } }),
  };
}

function configValue(spec: ResourceOf<'IPAMConfiguration'>['spec']): Readonly<Record<string, unknown>> {
  const { strictAffinity = false, autoAllocateBlocks = true, maxBlocksPerHost, ...rest } = spec;
  return { strict_affinity: strictAffinity, auto_allocate_blocks: autoAllocateBlocks, maxBlocksPerHost, ...rest };
}

function affinityOf({ Key, Value }: Pair): ResourceOf<KindName> {
  const [type, node] = Key.split('/').slice(-5);
  const cidr = cidrOf(Key);
  const owner = type === 'virtual' ? 'virtual' : 'host';
  const metadata = { name: affinityName(node, cidr), labels: affinityLabels(node, owner, cidr) };
  const state = Value['state'] === '' ? 'confirmed' : Value['state'];
  return validate({ kind: 'BlockAffinity', metadata, spec: { state, node, type: owner, cidr, deleted: false } });
}

function blockOf({ Key, Value }: Pair): ResourceOf<KindName> {
  const { affinity_claim_time: affinityClaimTime, hostAffinity, ...rest } = Value;
  const cidr = cidrOf(Key);
  const affinity = Value['affinity'] ?? (hostAffinity === undefined ? undefined : `host:${hostAffinity}`);
  return validate({
    kind: 'IPAMBlock',
    metadata: { name: blockName(cidr) },
    spec: { ...rest, affinity, affinityClaimTime, cidr },
  });
}

function handleOf({ Key, Value }: Pair): ResourceOf<KindName> {
  const handleID = Key.slice(`${ROOT}/handle/`.length);
  return validate({ kind: 'IPAMHandle', metadata: { name: handleName(handleID) }, spec: { ...Value, handleID } });
}

function configOf({ Value }: Pair): ResourceOf<KindName> {
  const { strict_affinity: strictAffinity, auto_allocate_blocks: autoAllocateBlocks, ...rest } = Value;
  const spec = { ...rest, strictAffinity, autoAllocateBlocks } as ResourceOf<'IPAMConfiguration'>['spec'];
  return validate(newResource('IPAMConfiguration', { name: 'default' }, spec));
}
