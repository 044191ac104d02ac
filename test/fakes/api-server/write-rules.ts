import type { Place } from './objects.ts';
import { Refusal } from './refusal.ts';

/** Whether a write is to be judged and not stored. A DELETE with a body has its options there, and its query is not read. */
export function isDryRun(method: string, query: URLSearchParams, body: Readonly<Record<string, unknown>>): boolean {
  const options = method === 'DELETE' && Object.keys(body).length > 0 ? body['dryRun'] : query.getAll('dryRun');
  const said = (options as readonly string[] | undefined) ?? [];
  if (said.some((word) => word !== 'All')) {
    throw new Refusal(422, 'Invalid', `dryRun: Unsupported value: "${said}": supported values: "All"`);
  }
  return said.length > 0;
}

/** Refuses what a ValidatingAdmissionPolicy denies. */
export function admitByPolicy({ resource }: Place, denied: string | undefined): void {
  if (denied === undefined) return;
  const said = `ValidatingAdmissionPolicy 'own' with binding 'own' denied request: ${denied}`;
  throw new Refusal(422, 'Invalid', `${resource} is forbidden: ${said}`);
}
