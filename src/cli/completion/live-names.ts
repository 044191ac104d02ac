import * as z from 'zod';
import { within } from '../../base/index.ts';
import { nodeStatusSchema } from '../../control/answers.ts';
import { request, socketPath } from '../../control/index.ts';
import type { Store } from '../../datastore/index.ts';
import type { KindName } from '../../model/index.ts';
import type { Io } from '../io.ts';
import { targetsOfArguments } from '../resources/targets.ts';
import { open } from '../session.ts';

/** A key press waits no longer than so many seconds, if nobody says otherwise (`VROUTER_COMPLETION_TIMEOUT`). */
const PATIENCE = 2;
/** More names than anybody reads. */
const MOST = 2000;

/**
 * Names, one a line, of what there is: `peers` of this node, or `pods`, `nodes`, `pools`, `namespaces`, or a kind's.
 */
export async function liveNames(what: string, io: Io): Promise<void> {
  let names: readonly string[] = [];
  const asked = namesOf(what, io).then((found) => {
    names = found;
  });
  // A person who types wants no reasons: without an answer nothing is offered.
  const patience = Number(io.env['VROUTER_COMPLETION_TIMEOUT']) || PATIENCE;
  if (!(await within(io.clock, patience * 1000, asked).catch(() => false))) return;
  const all = [...new Set(names)].filter((name) => /^[\w.:/%-]+$/.test(name)).sort();
  for (const name of all.slice(0, MOST)) io.stdout(`${name}\n`);
}

async function namesOf(what: string, io: Io): Promise<readonly string[]> {
  if (what === 'explained') return (await import('../explain/index.ts')).shelf().map(({ name }) => name);
  if (what === 'peers') {
    const { bgp } = await request(socketPath(io.env), { op: 'status' }, nodeStatusSchema);
    return bgp?.peers.map(({ address }) => address) ?? [];
  }
  const store = await open(io, {});
  try {
    return await stored(what, store);
  } finally {
    await store.close();
  }
}

async function stored(what: string, store: Store): Promise<readonly string[]> {
  const list = async (kind: KindName) => (await store.list(kind)).items;
  switch (what) {
    case 'pods':
      return (await list('WorkloadEndpoint')).map(
        ({ metadata, spec }) => `${metadata.namespace}/${podOf(spec) ?? metadata.name}`,
      );
    case 'namespaces':
      return (await list('WorkloadEndpoint')).flatMap(({ metadata }) => metadata.namespace ?? []);
    case 'nodes':
      return (await list('Node')).map(({ metadata }) => metadata.name);
    case 'pools':
      return (await list('IPPool')).map(({ metadata }) => metadata.name);
    default:
      return (await list(targetsOfArguments(what, [])[0].kind)).map(({ metadata }) => metadata.name);
  }
}

function podOf(spec: unknown): string | undefined {
  return z.object({ pod: z.string() }).safeParse(spec).data?.pod;
}
