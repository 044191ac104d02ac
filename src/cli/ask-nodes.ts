import type * as z from 'zod';
import { type Clock, reasonOf } from '../base/index.ts';
import { QUESTION, type Request, readAnswer } from '../control/index.ts';
import type { Store } from '../datastore/index.ts';
import { type CalicoNodeStatus, newResource } from '../model/index.ts';

/** Between two looks for answers, in milliseconds. */
const PACE = 250;

/** Said of a node that does not answer. */
export const SILENT = 'no answer: see there whether its daemon runs and reaches the datastore: vrouter status';

export interface AskingNodes {
  readonly store: Store;
  readonly clock: Clock;
  /** Milliseconds that the nodes have to answer, once all are asked. */
  readonly patience: number;
}

/** The answer of a node. */
export interface NodeAnswer {
  /** In Calico's own fields. */
  readonly status: Readonly<Record<string, unknown>>;
  /** To the question, if there was one; undefined of a node that doesn't know such questions. */
  readonly said: ReturnType<typeof readAnswer>;
}

/**
 * Asks nodes by way of the datastore: a CalicoNodeStatus is made for each, answered by the node, and taken away again.
 * So it works from wherever the datastore is reached. Nodes that don't answer in time are left out.
 */
export async function askNodes(
  names: readonly string[],
  question: Request,
  { store, clock, patience }: AskingNodes,
): Promise<ReadonlyMap<string, NodeAnswer>> {
  const mark = `${clock.wallTime().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  const made = new Map<string, string>();
  try {
    for (const node of names) {
      const name = `vrouter-status-${mark}-${made.size}`;
      const spec = { node, classes: ['Agent', 'BGP'], updatePeriodSeconds: 0 } as CalicoNodeStatus['spec'];
      const asked = newResource('CalicoNodeStatus', { name }, spec);
      const annotations = { [QUESTION]: JSON.stringify(question) };
      await store.create({ ...asked, metadata: { ...asked.metadata, annotations } });
      made.set(node, name);
    }
    // Of hundreds of nodes, the last that are asked have as long as the first.
    const end = clock.now() + patience;
    const answers = new Map<string, NodeAnswer>();
    for (;;) {
      for (const [node, name] of made) {
        if (answers.has(node)) continue;
        const found = await store.get({ kind: 'CalicoNodeStatus', name });
        if (found?.status === undefined) continue;
        const status = found.status as Readonly<Record<string, unknown>>;
        answers.set(node, { status, said: readAnswer(found.metadata.annotations) });
      }
      if (answers.size === names.length || clock.now() >= end) return answers;
      await new Promise<void>((resolve) => clock.after(PACE, resolve));
    }
  } finally {
    for (const name of made.values()) {
      // A question that can't be taken away now is answered once and no more.
      await store.delete({ kind: 'CalicoNodeStatus', name }).catch(reasonOf);
    }
  }
}

/** Reads a node's answer by `schema`; or tells why there is nothing to read. */
export function readSaid<Schema extends z.ZodType>(
  answer: NodeAnswer | undefined,
  schema: Schema,
): { readonly result: z.infer<Schema> } | { readonly problem: string } {
  if (answer === undefined) return { problem: SILENT };
  const { said } = answer;
  if (said === undefined) {
    return { problem: "its daemon does not answer such questions: it is not vRouter's, or older" };
  }
  if (!said.ok) return { problem: said.error.message };
  const read = schema.safeParse(said.result);
  return read.success ? { result: read.data } : { problem: "its answer can't be read: it is of another version" };
}
