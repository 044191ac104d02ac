import * as z from 'zod';
import { bgpPeersSchema, countedDropsSchema, explainedEntrySchema, nodeStatusSchema } from '../../control/answers.ts';
import { request } from '../../control/index.ts';
import type { TopAnswers, ViewName } from './views.ts';

/** Asks the daemon what the head and a view need. */
export async function questionsOf(view: ViewName, socket: string): Promise<TopAnswers> {
  const status = await request(socket, { op: 'status' }, nodeStatusSchema);
  switch (view) {
    case 'sessions':
      return { status, peers: await request(socket, { op: 'bgp.peers' }, bgpPeersSchema) };
    case 'pods':
      return { status, pods: await request(socket, { op: 'endpoints' }, z.array(explainedEntrySchema)) };
    case 'policies':
    case 'drops':
      return { status, drops: await request(socket, { op: 'drops.counted' }, countedDropsSchema) };
    case 'blocks':
      return { status };
  }
}
