import t from 'tap';
import {
  ANSWER,
  answeredAnnotations,
  QUESTION,
  type Request,
  RequestRefused,
  readAnswer,
} from '../../src/control/index.ts';

/** What comes of a question in an annotation, beside a daemon that answers so. */
async function ask(question: string, answer: (request: Request) => unknown = ({ op }) => ({ op })) {
  return readAnswer(await answeredAnnotations({ [QUESTION]: question, other: 'kept out' }, async (one) => answer(one)));
}

t.test('a question that changes nothing is answered as over the socket', async (t) => {
  t.same(await ask('{"op":"status"}'), { ok: true, result: { op: 'status' } });
  t.match(await ask('{"op":"bgp.route","prefix":"10.0.0.0/26"}', (request) => request), {
    ok: true,
    result: { prefix: '10.0.0.0/26' },
  });
  t.same(await answeredAnnotations({ other: 'annotation' }, async () => 1), {});
});

t.test('what changes something, sends something or is no question is refused', async (t) => {
  for (const question of [
    '{"op":"resync"}',
    '{"op":"cni.status"}',
    '{"op":"policy.changes","changes":[]}',
    '{"op":"policy.why","source":"a/b","destination":"a/c","carried":"tcp/80","probe":true}',
    '{"op":"bgp.routes","peer":"10.0.0.1","selection":"received"}',
    '{"op":"flows","follow":true}',
    '{"op":"status"',
    '"status"',
    '{"op":"none"}',
    '',
    JSON.stringify({ op: 'bgp.route', prefix: '1'.repeat(3000) }),
  ]) {
    const asked: Request[] = [];
    const said = await ask(question, (request) => asked.push(request));
    t.match(said, { ok: false, error: { code: 'BAD_REQUEST' } }, question.slice(0, 60));
    t.same(asked, [], 'nobody is asked');
  }
});

t.test('a refusal keeps its code; an answer that is too long is one', async (t) => {
  const refused = await ask('{"op":"status"}', () => {
    throw new RequestRefused('NO_PEER', 'nobody');
  });
  t.match(refused, { ok: false, error: { code: 'NO_PEER', message: 'nobody' } });
  t.match(await ask('{"op":"status"}', () => 'é'.repeat(80_000)), { ok: false, error: { code: 'TOO_LONG' } });
});

t.test('what another hand wrote for an answer is none', async (t) => {
  for (const text of ['', '{', '[]', '{"ok":1}', 'null']) t.equal(readAnswer({ [ANSWER]: text }), undefined, text);
  t.equal(readAnswer(undefined), undefined);
});

t.test('of flows the newest are told that have room', async (t) => {
  const limits: number[] = [];
  const said = await ask('{"op":"flows","limit":9999}', (request) => {
    if (request.op !== 'flows') return undefined;
    limits.push(request.limit);
    return 'x'.repeat(1000 * request.limit);
  });
  t.same(limits, [400, 200, 100]);
  t.match(said, { ok: true, result: /^x{100000}$/ });
  t.match(await ask('{"op":"drops.recent","limit":1000}', (request) => request), { ok: true, result: { limit: 400 } });
  t.match(await ask('{"op":"flows"}', () => 'x'.repeat(200_000)), { ok: false, error: { code: 'TOO_LONG' } });
});
