import { few, isLoopback } from '../base/index.ts';

/** The node's own address is not the host's: which of `own` are on none of its interfaces. Pure. */
export function addressNowhere(own: readonly string[], held: readonly { dev: string; address: string }[]): string[] {
  const there = new Set(held.map(({ address }) => address.split('/')[0]));
  return own.flatMap((address) => {
    if (isLoopback(address))
      return [`the node's address ${address} is the loopback's: other hosts don't reach it. Set IP`];
    if (there.has(address)) return [];
    const choice = few(held.filter(({ dev }) => dev !== 'lo').map(({ dev, address: at }) => `${dev} ${at}`));
    const has = choice === '' ? 'it has none' : `it has ${choice}`;
    return `the node's address ${address} is on none of its interfaces (${has}): other nodes don't reach it. Set IP`;
  });
}

/** The link with the node's own address is called as those of pods are: which of `own` are on such ones. Pure. */
export function addressAmongPods(
  own: readonly string[],
  held: readonly { dev: string; address: string }[],
  podPrefix: string,
): string[] {
  const among = held.filter(({ dev, address }) => dev.startsWith(podPrefix) && own.includes(address.split('/')[0]));
  return among.map(
    ({ dev, address }) =>
      `${dev}, which has the node's address ${address}, is taken for a pod's, since its name begins with ${podPrefix}: ` +
      'what other hosts send there is dropped. Set another FELIX_INTERFACEPREFIX',
  );
}
