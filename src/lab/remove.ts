import { removeNamespaces } from './network.ts';
import { eraseRecord, type LabRecord, listLabs, ownerIsAlive, readRecord } from './state.ts';
import { testNamespaces } from './test-stage.ts';

/** Removes all that the record names, then the record itself: stopped half-way, it can be done again. */
export async function removeLab(record: LabRecord): Promise<void> {
  const { nodes, hosts, pods } = record.state;
  await removeNamespaces(await testNamespaces(record));
  await removeNamespaces([...pods, ...nodes, ...hosts].map(({ namespace }) => namespace));
  await removeNamespaces([record.plan.fabric]);
  await eraseRecord(record.plan);
}

/** Removes what labs left whose process is gone. A record that can't be read is its own `up` and `down`'s matter. */
export async function sweep(): Promise<void> {
  for (const name of await listLabs()) {
    const record = await readRecord(name).catch(() => undefined);
    if (record !== undefined && !(await ownerIsAlive(record.state))) await removeLab(record);
  }
}
