import { removeNamespaces } from './network.ts';
import { eraseRecord, type LabRecord } from './state.ts';

/** Removes all that the record names, then the record itself: stopped half-way, it can be done again. */
export async function removeLab(record: LabRecord): Promise<void> {
  const { nodes, hosts, pods } = record.state;
  await removeNamespaces([...pods, ...nodes, ...hosts].map(({ namespace }) => namespace));
  await removeNamespaces([record.plan.fabric]);
  await eraseRecord(record.plan);
}
