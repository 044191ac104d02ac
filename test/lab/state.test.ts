import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { planLab, planNode } from '../../src/lab/plan.ts';
import { sweep } from '../../src/lab/remove.ts';
import { eraseRecord, LabRecord, mustReadRecord, ownerIsAlive, processStart, readRecord } from '../../src/lab/state.ts';
import { needsRoot } from '../fakes/namespaces.ts';

const plan = planLab(`s${process.pid}`);
const empty = { name: plan.name, owner: { pid: process.pid, started: '' }, nodes: [], hosts: [], pods: [] };

t.test('what is changed is on disk when the change resolves, whoever changes at once', needsRoot, async (t) => {
  t.teardown(() => eraseRecord(plan));
  const record = new LabRecord(plan, empty);
  const changes = [0, 1, 2, 3].map((index) =>
    record.change((state) => ({ ...state, nodes: [...state.nodes, planNode(plan, index)] })),
  );
  await Promise.all(changes);
  const read = await mustReadRecord(plan.name);
  t.same(
    read.state.nodes.map(({ name }) => name),
    ['node1', 'node2', 'node3', 'node4'],
  );
});

t.test('a record that is not one is refused, not followed', needsRoot, async (t) => {
  t.teardown(() => rmSync(plan.directory, { recursive: true }));
  mkdirSync(plan.directory, { recursive: true });
  writeFileSync(`${plan.directory}/lab.json`, '{"name": 1}');
  await t.rejects(readRecord(plan.name), { code: 'NO_LAB' });
  writeFileSync(`${plan.directory}/lab.json`, '{"name":');
  await t.rejects(readRecord(plan.name), { code: 'NO_LAB' });
  await sweep();
  await t.rejects(readRecord(plan.name), { code: 'NO_LAB' }, 'and a sweep leaves it');
});

t.test('a process is known by its number and its start', async (t) => {
  const started = await processStart(process.pid);
  t.match(started, /^\d+$/);
  t.ok(await ownerIsAlive({ ...empty, owner: { pid: process.pid, started: started! } }));
  t.notOk(await ownerIsAlive({ ...empty, owner: { pid: process.pid, started: '1' } }), 'another of the same number');
  t.notOk(await ownerIsAlive({ ...empty, owner: { pid: 2 ** 22 + 1, started: started! } }));
});
