import { few } from '../base/index.ts';

/** The node's own address is not the host's: which of `own` are on none of its interfaces. Pure. */
export function addressNowhere(own: readonly string[], held: readonly { dev: string; address: string }[]): string[] {
  const there = new Set(held.map(({ address }) => address.split('/')[0]));
  const lost = own.filter((address) => !there.has(address));
  return lost.map((address) => {
    const choice = few(held.filter(({ dev }) => dev !== 'lo').map(({ dev, address: at }) => `${dev} ${at}`));
    const has = choice === '' ? 'it has none' : `it has ${choice}`;
    return `the node's address ${address} is on none of its interfaces (${has}): other nodes don't reach it. Set IP`;
  });
}
