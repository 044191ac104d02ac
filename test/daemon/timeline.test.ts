import t from 'tap';
import type { Log } from '../../src/base/index.ts';
import { timelineSchema } from '../../src/control/answers.ts';
import { request } from '../../src/control/index.ts';
import { loneDaemon } from './lone-daemon.ts';

const POD = { K8S_POD_NAMESPACE: 'red', K8S_POD_NAME: 'web' };

/** Keeps what is logged with a change. */
function keeping(lines: Record<string, unknown>[]): Log {
  const note = (fields: object, message: string): void => void lines.push({ ...fields, message });
  const log: Log = { trace: note, debug: note, info: note, warn: note, error: note, child: () => log };
  return log;
}

t.test('a pod’s time line: from the request to the answer, by the change that the log has too', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const { add, del, socket } = await loneDaemon(t, { log: keeping(lines) });
  const told = () => request(socket, { op: 'timeline', pod: 'red/web' }, timelineSchema);
  t.match(await told(), { node: 'n1', changes: [], addresses: [], blocks: [] });
  const address = await add('c1', POD);
  const { changes, addresses, blocks } = await told();
  const [{ change, steps, ...first }] = changes;
  t.match(first, { op: 'add', pod: 'red/web', containerId: 'c1', outcome: 'done' });
  t.same(
    steps.map(({ what }) => what),
    [
      ...['received', 'begun', 'addresses', 'interface', 'stored', 'calculated', 'policy in place'],
      ...['route in the kernel', 'announced', 'answered'],
    ],
  );
  t.ok(
    steps.every(({ at }, index) => index === 0 || at >= steps[index - 1].at),
    'times go on',
  );
  t.same(addresses, [address]);
  t.match(blocks, [/^10\.244\.0\.\d+\/30$/]);
  t.ok(lines.some((line) => line['change'] === change && 'addresses' in line));
  const logged = (of: string) => lines.filter((line) => line['change'] === of && 'at' in line);
  t.same(
    logged(change).map(({ message, at, about }) => ({ what: message, at, ...(about !== undefined && { about }) })),
    steps,
    'the log has each step, under the change',
  );
  t.match(logged(change)[0], { op: 'add', pod: 'red/web', message: 'received' });
  await del('c1', POD);
  const after = await told();
  t.same(
    after.changes.at(-1)?.steps.map(({ what }) => what),
    ['received', 'begun', 'interface gone', 'forgotten', 'addresses released', 'answered'],
  );
  t.same(
    logged(after.changes[1].change).map(({ message }) => message),
    after.changes[1].steps.map(({ what }) => what),
  );
  t.same(after.addresses, []);
});

t.test('a request that fails says why, and the log has its change', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const { add, socket } = await loneDaemon(t, { log: keeping(lines) });
  await t.rejects(add('c1', { ...POD, IP: '192.0.2.99' }));
  const { changes } = await request(socket, { op: 'timeline', pod: 'red/web' }, timelineSchema);
  t.match(changes, [{ outcome: 'failed', error: String }]);
  t.ok(lines.some((line) => line['change'] === changes[0].change && line['op'] === 'add'));
});
