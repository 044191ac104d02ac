import t from 'tap';
import { type NamespaceSearch, namespaceOf } from '../../src/daemon/pod-namespace-search.ts';
import { mustRun } from '../../src/lab/command.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';

t.setTimeout(120_000);

t.test('a pod’s namespace is known by the link to its host', needsRoot, async (t) => {
  const names = ['host', 'other-host', 'pod', 'like-it'].map((name) => `vrp${process.pid}-${name}`);
  const [host, otherHost, pod, likeIt] = names;
  const ip = (...words: string[]): Promise<string> => mustRun(['ip', ...words]);
  for (const name of names) await ip('netns', 'add', name);
  t.teardown(async () => {
    for (const name of names) await ip('netns', 'del', name);
  });
  // Alike in name, address and index: as the pods of two nodes on one machine are.
  for (const [at, there] of [
    [host, pod],
    [otherHost, likeIt],
  ]) {
    await ip('-n', at, 'link', 'add', 'cali1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    await ip('-n', there, 'addr', 'add', '10.81.0.2/32', 'dev', 'eth0');
  }
  await ip('-n', host, 'link', 'add', 'near1', 'type', 'veth', 'peer', 'name', 'near2');
  const find = async (namespace: string, name: string, candidates?: NamespaceSearch['candidates']) => {
    const kernel = await openKernel({ namespace: `/run/netns/${namespace}` });
    const link = await kernel.linkGet(name);
    const found = await namespaceOf(link!, { kernel, ...(candidates && { candidates }) });
    kernel.close();
    return found;
  };
  t.equal(await find(host, 'cali1'), `/run/netns/${pod}`);
  t.equal(await find(otherHost, 'cali1'), `/run/netns/${likeIt}`);
  t.equal(await find(host, 'near1'), undefined, 'its other end is here');

  await t.test('what is no namespace, or is none of its, is passed', async (t) => {
    const candidates = async function* () {
      yield* ['/nowhere', '/etc/hostname', `/run/netns/${likeIt}`, `/run/netns/${pod}`];
    };
    t.equal(await find(host, 'cali1', candidates), `/run/netns/${pod}`);
  });
});
