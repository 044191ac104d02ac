import * as z from 'zod';
import { formatPrefix, parseAddress } from '../../base/index.ts';
import { explainedEntrySchema, nodeStatusSchema, whySchema } from '../../control/answers.ts';
import type { Request } from '../../control/index.ts';
import { poolOf, readPools } from '../../ipam/index.ts';
import { type AskingNodes, askNodes, readSaid } from '../ask-nodes.ts';
import { carriedBy, type FailureFacts, type NodeFacts, nameOf } from './failure.ts';
import type { ConnectivityCheck } from './plan.ts';
import type { TestPod } from './stage.ts';

/** Asks nodes about checks that failed, each thing once. */
export class FactFinder {
  readonly #asking: AskingNodes;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(asking: AskingNodes) {
    this.#asking = asking;
  }

  async about(check: ConnectivityCheck): Promise<FailureFacts> {
    const to = 'role' in check.to ? check.to : undefined;
    const here = this.#factsOf(check.from.node, check, to);
    const pool = check.kind === 'outside' ? await this.#poolOf(check) : undefined;
    return { from: await here, to: to && (await this.#factsOf(to.node, check, to)), pool };
  }

  /** The pool of the address that the pod goes out with. */
  async #poolOf({ from, probe }: ConnectivityCheck): Promise<FailureFacts['pool']> {
    const isSix = probe.host.includes(':');
    const own = from.addresses.find((address) => address.includes(':') === isSix);
    if (own === undefined) return undefined;
    const pools = await this.#asking.store.list('IPPool').catch(() => undefined);
    const pool = pools && poolOf(readPools(pools.items), parseAddress(own));
    return pool && { name: pool.name, cidr: formatPrefix(pool.cidr), natOutgoing: pool.spec.natOutgoing };
  }

  async #factsOf(node: string, check: ConnectivityCheck, to: TestPod | undefined): Promise<NodeFacts> {
    const status = await this.#ask(node, { op: 'status' }, nodeStatusSchema);
    // A node that was silent once is not asked again.
    if (status === undefined) return { node, status, why: undefined, routes: undefined };
    // Of a service, policy sees the address that it is translated to: what it says of the service's own is no answer.
    const isTranslated = check.kind === 'dns' || check.kind === 'service';
    const destination = to === undefined ? check.probe.host : nameOf(to);
    const carried = carriedBy(check);
    const why = { op: 'policy.why', source: nameOf(check.from), destination, carried } as const;
    const route = { op: 'route.to', address: check.probe.host } as const;
    const [said, routes] = isTranslated
      ? [undefined, undefined]
      : [await this.#ask(node, why, whySchema), await this.#ask(node, route, z.array(explainedEntrySchema))];
    return { node, status, why: said, routes };
  }

  /** Undefined where the node does not answer, or refuses. */
  #ask<Schema extends z.ZodType>(node: string, request: Request, schema: Schema): Promise<z.infer<Schema> | undefined> {
    const key = `${node} ${JSON.stringify(request)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known as Promise<z.infer<Schema> | undefined>;
    const asked = askNodes([node], request, this.#asking).then((answers) => {
      const read = readSaid(answers.get(node), schema);
      return 'result' in read ? read.result : undefined;
    });
    this.#known.set(key, asked);
    return asked;
  }
}
