import { readdir, stat } from 'node:fs/promises';
import type { Kernel } from '../netlink/index.ts';

/** Where namespaces have names, and where processes have theirs. */
const NAMED = ['/run/netns', '/var/run/netns'];
/** Namespaces that are looked into at most. */
const MOST = 4096;

export interface SearchedPod {
  /** Index of the host's end of its veth, here. */
  readonly linkIndex: number;
  readonly address: string;
}

export interface NamespaceSearch {
  readonly openKernel: (options: { readonly namespace: string }) => Promise<Kernel>;
  /** Paths of namespaces that may be its, the likelier ones first; absent: those with a name, then those of processes. */
  readonly candidates?: () => AsyncIterable<string>;
}

/** The path of the network namespace of a pod of this node; undefined when none is found that is its for sure. */
export async function namespaceOf(
  pod: SearchedPod,
  { openKernel, candidates = namespacesHere }: NamespaceSearch,
): Promise<string | undefined> {
  let looked = 0;
  for await (const path of candidates()) {
    if (++looked > MOST) return undefined;
    const isIts = await holds(path, pod, openKernel).catch(() => false);
    if (isIts) return path;
  }
  return undefined;
}

/** Another node's pods, in namespaces of the same machine, may have links of the same index, and not the same address. */
async function holds(
  namespace: string,
  { linkIndex, address }: SearchedPod,
  openKernel: NamespaceSearch['openKernel'],
): Promise<boolean> {
  const kernel = await openKernel({ namespace });
  try {
    const own = (await kernel.addressList()).find((one) => one.address.split('/')[0] === address);
    if (own === undefined) return false;
    const link = (await kernel.linkList()).find(({ index }) => index === own.index);
    return link?.linkIndex === linkIndex && link.linkNamespaceId !== undefined;
  } finally {
    kernel.close();
  }
}

/** Each once, whatever it is called. */
async function* namespacesHere(): AsyncIterable<string> {
  const seen = new Set<string>();
  const isNew = async (path: string): Promise<boolean> => {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) return false;
    const key = `${found.dev} ${found.ino}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  };
  await isNew('/proc/self/ns/net');
  for (const folder of NAMED) {
    for (const name of await namesIn(folder)) if (await isNew(`${folder}/${name}`)) yield `${folder}/${name}`;
  }
  for (const name of await namesIn('/proc')) {
    const path = `/proc/${name}/ns/net`;
    if (/^\d+$/.test(name) && (await isNew(path))) yield path;
  }
}

/** A folder that is not there has none. */
function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
