import { tryParseAddress } from '../../base/index.ts';
import type { KubernetesEndpointSlice } from '../../model/index.ts';
import type { ServiceBackend } from '../form.ts';
import { protocolNumber } from '../protocol.ts';

/** The Service that a slice is of, as `namespace/name`. */
export function serviceOf({ metadata, spec }: KubernetesEndpointSlice): string {
  return `${metadata.namespace ?? 'default'}/${spec.service}`;
}

/** The backends that a slice adds to its Service: each address with each port; without a port it counts as an address alone. */
export function backendsOf({ spec: { addresses, ports } }: KubernetesEndpointSlice): readonly ServiceBackend[] {
  const numbered = ports.map(({ protocol, port }) => ({ protocol: protocolNumber(protocol) ?? 0, port }));
  return addresses.flatMap((text): ServiceBackend[] => {
    const address = tryParseAddress(text);
    if (address === undefined) return [];
    return numbered.length === 0 ? [{ address }] : numbered.map((port) => ({ address, ...port }));
  });
}
