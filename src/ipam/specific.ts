import { type Address, formatAddress, formatPrefix, type Prefix, prefix } from '../base/index.ts';
import { affinityText, type BlockOwner, host, loadBalancer } from './affinity.ts';
import { assign, ordinalOf } from './block.ts';
import { IpamError, isIpamError } from './errors.ts';
import { ledgerEntry } from './ledger.ts';
import { attributeFor, type IpamParts, type Owner } from './parts.ts';
import { allows, poolOf } from './pools.ts';

/**
 * Gives out this very address, from whatever block it is in; a block that isn't there yet becomes the node's.
 * Reservations and the pool's mode don't count for an address that is asked for by name. `NOT_IN_POOL`,
 * `ADDRESS_TAKEN`, `STRICT_AFFINITY` (the block is not this node's, and only its own node may use it).
 */
export async function assignAddress(parts: IpamParts, at: Address, owner: Owner): Promise<void> {
  const { blocks, handles, facts, ledger, clock, cooldown } = parts;
  const settings = await facts.settings();
  cooldown.follow(settings);
  const known = poolOf(await facts.pools(), at);
  const pool = known?.enabled ? known : poolOf(await facts.fresh.pools(), at);
  if (!pool?.enabled) {
    throw new IpamError('NOT_IN_POOL', `The provided IP address is not in a configured pool: ${formatAddress(at)}`);
  }
  const cidr = formatPrefix(prefix(at, pool.spec.blockSize));
  const attribute = attributeFor(owner);
  const blockOwner = allows(pool, 'LoadBalancer') ? loadBalancer : host(owner.hostname);
  const mine = affinityText(blockOwner);
  await ensureExists(parts, prefix(at, pool.spec.blockSize), blockOwner);
  await handles.counting(owner.handleId, cidr, 1, async () => {
    const changed = await blocks.change(cidr, (block) => {
      if (settings.strictAffinity && block.affinity !== mine) {
        throw new IpamError('STRICT_AFFINITY', `Block host affinity does not match: ${cidr}`);
      }
      return { block: assign(block, ordinalOf(block, at)!, attribute) };
    });
    if (changed === undefined) throw new IpamError('CONTENTION', `block ${cidr} went away meanwhile: try again`);
    return [at];
  });
  ledger.append([ledgerEntry('assigned', clock.wallTime(), formatAddress(at), attribute)]);
}

async function ensureExists({ blocks, affinities }: IpamParts, cidr: Prefix, owner: BlockOwner): Promise<void> {
  const text = formatPrefix(cidr);
  if ((blocks.remembered(text) ?? (await blocks.read(text))) !== undefined) return;
  try {
    await affinities.claim(owner, cidr);
  } catch (error) {
    // Another node has it now: the address may still be borrowed from it.
    if (!isIpamError(error, 'BLOCK_CLAIMED')) throw error;
  }
}
