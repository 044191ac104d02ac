import { readdir, stat } from 'node:fs/promises';
import type { Kernel, Link } from '../netlink/index.ts';

/** Where namespaces have names, and where processes have theirs. */
const NAMED = ['/run/netns', '/var/run/netns'];
/** Namespaces that are looked into at most. */
const MOST = 4096;

export interface NamespaceSearch {
  /** That of the namespace in which the link is. */
  readonly kernel: Pick<Kernel, 'namespaceId'>;
  /** Paths of namespaces that may be its, the likelier ones first; absent: those with a name, then those of processes. */
  readonly candidates?: () => AsyncIterable<string>;
}

/**
 * The path of the namespace in which a veth's other end is, by the number that the kernel has for it: nothing else tells the
 * pods of two nodes on one machine apart. Undefined when none is found.
 */
export async function namespaceOf(
  { linkNamespaceId }: Pick<Link, 'linkNamespaceId'>,
  { kernel, candidates = namespacesHere }: NamespaceSearch,
): Promise<string | undefined> {
  if (linkNamespaceId === undefined) return undefined;
  let looked = 0;
  for await (const path of candidates()) {
    if (++looked > MOST) return undefined;
    // What can't be opened, or is no namespace, is none of ours.
    const found = await kernel.namespaceId(path).catch(() => undefined);
    if (found === linkNamespaceId) return path;
  }
  return undefined;
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
