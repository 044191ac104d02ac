import { VRouterError } from '../base/index.ts';
import { type Request, requestSchema } from '../control/index.ts';

/** The questions that a page may ask, by name: each answer is made JSON. `BAD_REQUEST`: a field is wrong. */
export type Questions = Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;

/** The questions of the control socket that a page may ask: they read, and cost little. */
const OF_A_NODE = [
  'status',
  'routes',
  'endpoints',
  'tunnels',
  'nat',
  'egress',
  'cluster',
  'address',
  'bgp.peers',
  'bgp.routes',
  'bgp.route',
  'policy.effective',
  'policy.hits',
  'drops.counted',
  'timeline',
  'ledger',
] as const satisfies readonly Request['op'][];

/** Entries of a long list that one answer has; the others are counted. */
const MOST = 500;

/** The questions to one node, who answers as it does over its socket. */
export function nodeQuestions(ask: (question: Request) => Promise<unknown>): Questions {
  return Object.fromEntries(
    OF_A_NODE.map((op) => [
      op,
      async (query: URLSearchParams) => {
        const answer = await ask(requestOf(op, query));
        return Array.isArray(answer) && op !== 'drops.counted' ? shortened(answer, query) : answer;
      },
    ]),
  );
}

function requestOf(op: string, query: URLSearchParams): Request {
  const fields = [...query].map(([name, value]) => [name, name === 'limit' ? Number(value) : value]);
  const read = requestSchema.safeParse({ ...Object.fromEntries(fields), op });
  if (read.success) return read.data;
  const [{ path, message }] = read.error.issues;
  throw new VRouterError('BAD_REQUEST', `field '${path.join('.')}': ${message}`);
}

/** Lists as long as a node has routes are searched here, so that a browser gets what it shows. */
function shortened(answer: readonly unknown[], query: URLSearchParams) {
  const words = (query.get('find') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const entries: unknown[] = [];
  let found = 0;
  for (const entry of answer) {
    const text = words.length === 0 ? '' : JSON.stringify(entry).toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    if (found++ < MOST) entries.push(entry);
  }
  return { total: answer.length, found, entries };
}
