import type { ExplainedEntry } from '../control/index.ts';
import type { Dataplane } from '../dataplane/index.ts';

interface EgressSources {
  readonly dataplane: { readonly egress: Pick<Dataplane['egress'], 'entries'> };
}

/** Each pool with an egress address: its gateway, and the way of this node's pods to it. */
export function explainEgress({ dataplane }: EgressSources): ExplainedEntry[] {
  return dataplane.egress
    .entries()
    .map(({ pool: { pool, cidr, address, gateway, way, why }, table, present, reason }) => {
      const via = way.kind === 'here' || way.kind === 'none' ? undefined : way.via;
      const by = way.kind === 'here' ? 'here' : via === undefined ? undefined : `${way.kind} via ${via}`;
      const words = [`from ${cidr} as ${address}`, gateway && `gateway ${gateway}`, by, table && `table ${table}`];
      return {
        text: words.filter(Boolean).join(' '),
        wanted: true,
        present,
        why: (way.kind === 'none' ? way.reason : reason) ?? why,
        egress: {
          pool,
          cidr,
          address,
          ...(gateway !== undefined && { gateway }),
          way: way.kind,
          ...(via !== undefined && { via }),
          ...(table !== undefined && { table }),
        },
      };
    });
}
