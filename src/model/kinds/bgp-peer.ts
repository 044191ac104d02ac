import * as z from 'zod';
import { tryParseAddress } from '../../base/index.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { asNumber, duration, name, oneOf, secretKeyRef, selector } from './field.ts';
import { ip } from './network-field.ts';

/** `10.0.0.1`, `10.0.0.1:1179`, `fd00::1`, `[fd00::1]:1179`, `fe80::1%eth0`. */
const peerIP = z
  .string()
  .refine((text) => text === '' || readPeerIP(text) !== undefined, 'must be ip, ip:port or [ipv6]:port');

const spec = z
  .looseObject({
    node: name.optional(),
    nodeSelector: selector.optional(),
    peerIP: peerIP.optional(),
    asNumber: asNumber.optional(),
    localASNumber: asNumber.optional(),
    peerSelector: selector.optional(),
    localWorkloadSelector: selector.optional(),
    keepOriginalNextHop: z.boolean().optional(),
    nextHopMode: oneOf('Auto', 'Self', 'Keep').optional(),
    password: secretKeyRef.optional(),
    sourceAddress: oneOf('UseNodeIP', 'None').optional(),
    maxRestartTime: duration.optional(),
    keepaliveTime: duration.optional(),
    numAllowedLocalASNumbers: z
      .number()
      .int()
      .min(-(2 ** 31))
      .max(2 ** 31 - 1)
      .optional(),
    /** `BFD` watches peers behind routers too (RFC 5883): an extension. */
    failureDetectionMode: oneOf('None', 'BFDIfDirectlyConnected', 'BFD').optional(),
    ttlSecurity: z.number().int().min(0).max(255).optional(),
    reachableBy: ip.optional(),
    filters: z.array(z.string()).optional(),
    reversePeering: oneOf('Auto', 'Manual').optional(),
  })
  .superRefine((peer, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (peer.node && peer.nodeSelector) wrong('node', 'Node field must be empty when NodeSelector is specified');
    if (peer.peerIP && peer.peerSelector) wrong('peerIP', 'PeerIP field must be empty when PeerSelector is specified');
    if (peer.asNumber && peer.peerSelector) {
      wrong('asNumber', 'ASNumber field must be empty when PeerSelector is specified');
    }
    if (peer.localWorkloadSelector) {
      if (peer.peerIP || peer.peerSelector) {
        wrong('localWorkloadSelector', 'PeerIP and PeerSelector must be empty when LocalWorkloadSelector is specified');
      }
      if (!peer.asNumber) wrong('asNumber', 'ASNumber field is required when LocalWorkloadSelector is specified');
    }
    if (peer.keepOriginalNextHop && peer.nextHopMode) {
      wrong('keepOriginalNextHop', 'cannot be set together with NextHopMode');
    }
    if (peer.reachableBy) {
      const remote = readPeerIP(peer.peerIP ?? '');
      if (remote === undefined) wrong('reachableBy', 'ReachableBy needs PeerIP');
      else if (remote.address.includes(':') !== peer.reachableBy.includes(':')) {
        wrong('reachableBy', 'ReachableBy must be of the same IP family as PeerIP');
      }
    }
  });

export const bgpPeer = defineKind({
  kind: 'BGPPeer',
  plural: 'bgppeers',
  aliases: ['bgppeer', 'bgppeers', 'bgpp', 'bgpps', 'bp', 'bps'],
  namespaced: false,
  name: 'subdomain',
  spec,
  essential: ['node', 'nodeSelector', 'peerIP', 'asNumber', 'localASNumber', 'peerSelector', 'localWorkloadSelector'],
  guards: ['password', 'ttlSecurity', 'filters'],
});

export type BGPPeerSpec = SpecOf<typeof bgpPeer>;
export type BGPPeer = Resource<'BGPPeer', BGPPeerSpec>;

/**
 * Splits the text of `peerIP`; undefined when it is none. `port` is undefined when the text has none. A link-local address may
 * have its interface behind `%`, which Calico does not take.
 */
export function readPeerIP(text: string): { readonly address: string; readonly port: number | undefined } | undefined {
  if (isPeerAddress(text)) return { address: text, port: undefined };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const address = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (address === undefined || !isPeerAddress(address)) return undefined;
  const isIpv6 = address.includes(':');
  return isIpv6 === (parts?.[1] !== undefined) && port >= 1 && port <= 65535 ? { address, port } : undefined;
}

function isPeerAddress(text: string): boolean {
  const [bare, zone] = text.split('%', 2);
  const address = tryParseAddress(bare);
  if (address === undefined || zone === undefined) return address !== undefined;
  return isLinkLocal(bare) && /^[a-zA-Z0-9_.-]{1,15}$/.test(zone) && text === `${bare}%${zone}`;
}

/** Whether an address means nothing without its interface: `fe80::/10`. */
export function isLinkLocal(text: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(text);
}
