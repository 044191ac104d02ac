import type { Nft } from '../nftables/index.ts';
import type { Metrics } from '../observe/index.ts';

/** Counts what is asked of the packet filter; everything else is `nft`'s own. */
export function countedNft(nft: Nft, metrics: () => Pick<Metrics, 'nftTransactions' | 'nftFailures'>): Nft {
  return {
    async run(transaction) {
      metrics().nftTransactions.inc();
      try {
        await nft.run(transaction);
      } catch (error) {
        metrics().nftFailures.inc();
        throw error;
      }
    },
    list: (table) => nft.list(table),
    isOwn: (port) => nft.isOwn(port),
    close: () => nft.close(),
  };
}
