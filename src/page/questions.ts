import { VRouterError } from '../base/index.ts';
import { type Request, requestSchema } from '../control/index.ts';

/** The questions of the control socket that a page may ask: they read, and cost little. */
const QUESTIONS = [
  'status',
  'routes',
  'endpoints',
  'tunnels',
  'nat',
  'cluster',
  'address',
  'bgp.peers',
  'bgp.routes',
  'bgp.route',
  'policy.effective',
  'policy.hits',
  'drops.counted',
] as const satisfies readonly Request['op'][];

/** Entries of a long list that one answer has; the others are counted. */
const MOST = 500;

/** What becomes of a long list on its way: entries that hold all the words, the first of them. */
interface ShortList {
  readonly total: number;
  readonly found: number;
  readonly entries: readonly unknown[];
}

/** `BAD_REQUEST`: it is none of these, or a field is wrong. */
export function questionOf(op: string, query: URLSearchParams): Request {
  if (!(QUESTIONS as readonly string[]).includes(op))
    throw new VRouterError('BAD_REQUEST', `no question '${op}'; there are ${QUESTIONS.join(', ')}`);
  const fields = [...query].map(([name, value]) => [name, name === 'limit' ? Number(value) : value]);
  const read = requestSchema.safeParse({ ...Object.fromEntries(fields), op });
  if (read.success) return read.data;
  const [{ path, message }] = read.error.issues;
  throw new VRouterError('BAD_REQUEST', `field '${path.join('.')}': ${message}`);
}

/** Lists as long as a node has routes are searched here, so that a browser gets what it shows. */
export function shortened(op: string, answer: unknown, query: URLSearchParams): unknown {
  if (!Array.isArray(answer) || op === 'drops.counted') return answer;
  const words = (query.get('find') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const entries: unknown[] = [];
  let found = 0;
  for (const entry of answer) {
    const text = words.length === 0 ? '' : JSON.stringify(entry).toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    if (found++ < MOST) entries.push(entry);
  }
  return { total: answer.length, found, entries } satisfies ShortList;
}
