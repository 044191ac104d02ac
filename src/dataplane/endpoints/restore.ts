import type { Kernel, Link } from '../../netlink/index.ts';
import { GATEWAY_6, HOST_MAC } from './render.ts';

export type RestoreKernel = Pick<Kernel, 'linkGet' | 'linkSet' | 'addressList' | 'addressAdd'>;

/** The link as it was made: up, with the MAC that pods take for their gateway's, and the address that follows from it. */
export async function restore(kernel: RestoreKernel, link: Link | undefined, hasIpv6: boolean): Promise<void> {
  if (link === undefined) return;
  const { name, up, mac } = link;
  const change = { ...(!up && { up: true }), ...(mac !== HOST_MAC && { mac: HOST_MAC }) };
  if (Object.keys(change).length > 0) await kernel.linkSet(name, change);
  if (!hasIpv6) return;
  const gateway = `${GATEWAY_6}/64`;
  const held = await kernel.addressList({ dev: name, family: 6 });
  if (held.some(({ address }) => address === gateway)) return;
  await kernel.addressAdd({ dev: name, address: gateway, scope: 'link' });
}

/**
 * Whether the kernel still has that link. It sets one down before it deletes it: nobody has changed an interface that goes,
 * and nothing is to be put right there.
 */
export async function isThere(kernel: RestoreKernel, { name, index }: Link): Promise<boolean> {
  return kernel.linkGet(name).then(
    (link) => link?.index === index,
    () => true,
  );
}
