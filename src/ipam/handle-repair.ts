import type { Log } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import { handleName, type IPAMHandle, newResource } from '../model/index.ts';
import { cleanHandle, isWindowsReserved } from './block.ts';
import { lostRace } from './conflict.ts';
import type { HandleSpec } from './handle.ts';
import type { Allocation } from './liveness.ts';
import type { Round } from './round.ts';

/**
 * Makes the handles agree with the blocks, as kube-controllers do: a handle without an address goes, one that counts
 * wrongly or is half deleted is written anew, one that blocks speak of and that isn't there is made. Only what has been
 * the same for the whole grace, so that nobody is at work on it. Returns the handles that went.
 */
export async function repairHandles(
  store: Store,
  log: Log,
  handles: readonly IPAMHandle[],
  allocations: readonly Allocation[],
  round: Round,
): Promise<readonly string[]> {
  const right = handlesOf(allocations);
  const removed: string[] = [];
  const repair = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (!lostRace(error)) throw error;
      return false;
    }
  };
  for (const handle of handles) {
    const { name, uid, resourceVersion } = handle.metadata;
    const wanted = right.get(name);
    right.delete(name);
    if (wanted !== undefined && isRight(handle.spec, wanted)) continue;
    if (!round.isDue(`handle ${name} ${resourceVersion} ${textOf(wanted)}`)) continue;
    if (wanted === undefined) {
      const isGone = await repair(() => store.delete({ kind: 'IPAMHandle', name }, { uid, resourceVersion }));
      if (isGone) removed.push(handle.spec.handleID);
    } else if (await repair(() => store.update<'IPAMHandle'>({ ...handle, spec: { ...handle.spec, ...wanted } }))) {
      log.info({ handle: wanted.handleID, was: handle.spec.block, is: wanted.block }, 'handle put right');
    }
  }
  for (const [name, wanted] of right) {
    if (!round.isDue(`handle ${name} missing ${textOf(wanted)}`)) continue;
    if (await repair(() => store.create(newResource('IPAMHandle', { name }, wanted)))) {
      log.info({ handle: wanted.handleID, is: wanted.block }, 'missing handle made');
    }
  }
  return removed;
}

/** The handles that there should be, by name. */
function handlesOf(allocations: readonly Allocation[]): Map<string, HandleSpec> {
  const made = new Map<string, HandleSpec>();
  for (const { block: cidr, owner } of allocations) {
    if (owner.handle_id === undefined || isWindowsReserved(owner)) continue;
    const handleID = cleanHandle(owner.handle_id);
    const { block = {} } = made.get(handleName(handleID)) ?? {};
    made.set(handleName(handleID), { handleID, deleted: false, block: { ...block, [cidr]: (block[cidr] ?? 0) + 1 } });
  }
  return made;
}

function isRight(found: HandleSpec, wanted: HandleSpec): boolean {
  return found.deleted !== true && textOf(found) === textOf(wanted);
}

function textOf(handle: HandleSpec | undefined): string {
  if (handle === undefined) return '';
  return JSON.stringify(Object.entries(handle.block).sort(([a], [b]) => (a < b ? -1 : 1)));
}
