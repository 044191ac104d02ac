import { type LedgerEntry, type Tenancy, tenancies, tenantAt } from '../../ipam/index.ts';
import { box } from './box.ts';

/** The holders of an address, one after another, or with `at` (milliseconds since 1970) the holder of that moment. */
export function tenancyText(address: string, entries: readonly LedgerEntry[], at: number | undefined): string {
  return at === undefined ? historyText(address, entries) : momentText(address, entries, at);
}

function historyText(address: string, entries: readonly LedgerEntry[]): string {
  const rows = tenancies(entries).map((tenancy) => [
    Number.isFinite(tenancy.from) ? timeText(tenancy.from) : 'before the ledger',
    tenancy.until === undefined ? 'now' : timeText(tenancy.until),
    ...whom(tenancy),
    tenancy.handleId ?? '<none>',
  ]);
  if (rows.length === 0) return `The ledger knows nothing of ${address}\n`;
  return box(['From', 'Until', 'Whose', 'Node', 'Handle'], rows);
}

function momentText(address: string, entries: readonly LedgerEntry[], at: number): string {
  const tenancy = tenantAt(entries, at);
  if (tenancy === undefined) return `Nobody had ${address} at ${timeText(at)}, as far as the ledger tells\n`;
  const [whose, node] = whom(tenancy);
  const from = Number.isFinite(tenancy.from) ? `since ${timeText(tenancy.from)}` : 'since before the ledger begins';
  const until = tenancy.until === undefined ? 'and has it still' : `until ${timeText(tenancy.until)}`;
  const where = node === '' ? '' : ` on ${node}`;
  return `${whose}${where} had ${address} at ${timeText(at)}: ${from}, ${until}\nHandle ID: ${tenancy.handleId ?? '<none>'}\n`;
}

/** The pod, or what else it was for; and the node. */
function whom({ attributes = {} }: Tenancy): readonly [whose: string, node: string] {
  const { pod, namespace, type, node = '' } = attributes;
  return [pod === undefined ? (type ?? 'somebody without a name') : `${namespace ?? 'default'}/${pod}`, node];
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
