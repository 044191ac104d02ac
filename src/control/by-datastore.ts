import { reasonOf, VRouterError } from '../base/index.ts';
import { type Request, requestSchema, responseSchema } from './protocol.ts';

/**
 * Questions for nodes whose socket is out of reach. They stand in an annotation of a CalicoNodeStatus, whose node
 * answers in another one, beside what it tells in Calico's own fields; Calico's nodes take no notice.
 */
export const QUESTION = 'vrouter/question';
export const ANSWER = 'vrouter/answer';

/**
 * The questions that may be asked so: they change nothing, cost little, and tell no more than the store's readers may
 * know.
 */
export const ASKED_BY_DATASTORE = [
  'status',
  'bgp.peers',
  'bgp.route',
  'route.to',
  'policy.why',
  'drops.counted',
  'drops.recent',
  'ledger',
  'timeline',
  'flows',
] as const;

/** Letters of a question, and octets of an answer: an object's annotations may have 256 KiB. */
const LONGEST_QUESTION = 2000;
const LONGEST_ANSWER = 150_000;
/** Flows or packets of an answer. */
const MOST_ENTRIES = 400;

type Annotations = Readonly<Record<string, string>>;

/** The annotation that answers the question among these; none where nothing is asked. */
export async function answeredAnnotations(
  annotations: Annotations,
  answer: (request: Request) => Promise<unknown>,
): Promise<Annotations> {
  const question = annotations[QUESTION];
  return question === undefined ? {} : { [ANSWER]: await answerText(question, answer) };
}

async function answerText(question: string, answer: (request: Request) => Promise<unknown>): Promise<string> {
  const request = requestOf(question);
  if (request === undefined)
    return refusal('BAD_REQUEST', `asked by way of the datastore: ${ASKED_BY_DATASTORE.join(', ')}`);
  try {
    const text = await fitting(request, answer);
    return text ?? refusal('TOO_LONG', `the answer has more than ${LONGEST_ANSWER} octets: ask on the node itself`);
  } catch (error) {
    return refusal(error instanceof VRouterError ? error.code : 'INTERNAL', reasonOf(error));
  }
}

/** Questions whose answer is the newest of many, as many as are asked for. */
function isCut(request: Request): request is Extract<Request, { op: 'flows' | 'drops.recent' }> {
  return request.op === 'flows' || request.op === 'drops.recent';
}

/** Undefined: there is no room for it. Of many, the newest that have room. */
async function fitting(request: Request, answer: (request: Request) => Promise<unknown>): Promise<string | undefined> {
  const text = JSON.stringify({ ok: true, result: await answer(request) });
  if (Buffer.byteLength(text) <= LONGEST_ANSWER) return text;
  if (!isCut(request) || request.limit === 1) return undefined;
  return fitting({ ...request, limit: request.limit >> 1 }, answer);
}

function requestOf(question: string): Request | undefined {
  if (question.length > LONGEST_QUESTION) return undefined;
  try {
    const request = requestSchema.parse(JSON.parse(question));
    if (request.op === 'policy.why' && request.probe) return undefined;
    // Who follows has the log kept: that is asked of the node itself.
    if (request.op === 'flows' && request.follow) return undefined;
    if (isCut(request)) return { ...request, limit: Math.min(request.limit, MOST_ENTRIES) };
    return ASKED_BY_DATASTORE.some((op) => op === request.op) ? request : undefined;
  } catch {
    return undefined;
  }
}

function refusal(code: string, message: string): string {
  return JSON.stringify({ ok: false, error: { code, message } });
}

/** The answer of a node: a result, a refusal, or undefined where it has not, as one that is none of ours. */
export function readAnswer(annotations: Annotations | undefined) {
  const text = annotations?.[ANSWER];
  if (text === undefined) return undefined;
  try {
    return responseSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
