import type { Clock } from '../base/index.ts';
import type { Affinities } from './affinities.ts';
import type { Attribute } from './attributes.ts';
import type { Blocks } from './blocks.ts';
import type { Cooldown } from './cooldown.ts';
import type { Facts } from './facts.ts';
import type { Handles } from './handles.ts';
import type { Ledger } from './ledger.ts';

/** The parts that the verbs of IPAM work with. */
export interface IpamParts {
  readonly blocks: Blocks;
  readonly affinities: Affinities;
  readonly handles: Handles;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly cooldown: Cooldown;
  readonly ledger: Ledger;
}

/** The owner of addresses that are asked for. */
export interface Owner {
  readonly hostname: string;
  readonly handleId?: string | undefined;
  /** Calico's `secondary` keys: pod, namespace, node, type, timestamp. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** How a block records the owner. */
export function attributeFor({ handleId, attributes }: Owner): Attribute {
  return { ...(handleId === undefined ? {} : { handle_id: handleId }), secondary: attributes ?? {} };
}
