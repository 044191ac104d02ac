import { formatAddress, parseAddress, VRouterError } from '../base/index.ts';
import { type LedgerEntry, readLedger } from '../ipam/index.ts';

/** Entries about one address that are told; those before are in the file. */
const MOST = 500;

/** The holders of the address, by this node's ledger at `path`. */
export async function ledgerAnswer(
  path: string,
  address: string,
): Promise<{ readonly entries: readonly LedgerEntry[] }> {
  if (path === 'none') throw new VRouterError('NO_LEDGER', 'no ledger is kept here: VROUTER_IPAM_LEDGER is none');
  const entries = await readLedger(path, formatAddress(parseAddress(address)));
  return { entries: entries.slice(-MOST) };
}
