import t from 'tap';
import { namespaceOf } from '../../src/daemon/pod-namespace-search.ts';
import { mustRun } from '../../src/lab/command.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';

t.setTimeout(120_000);

const ADDRESS = '10.81.0.2';

t.test('a pod’s namespace is known by its address and by the link to its host', needsRoot, async (t) => {
  const [host, pod, likeIt] = ['host', 'pod', 'like-it'].map((name) => `vrp${process.pid}-${name}`);
  const ip = (...words: string[]): Promise<string> => mustRun(['ip', ...words]);
  for (const name of [host, pod, likeIt]) await ip('netns', 'add', name);
  t.teardown(async () => {
    for (const name of [host, pod, likeIt]) await ip('netns', 'del', name);
  });
  // Two pods of one address, as two nodes on one machine may have them.
  for (const [link, there] of [
    ['cali1', likeIt],
    ['cali2', pod],
  ]) {
    await ip('-n', host, 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    await ip('-n', there, 'addr', 'add', `${ADDRESS}/32`, 'dev', 'eth0');
  }
  await ip('-n', pod, 'addr', 'add', 'fd81::2/128', 'dev', 'eth0', 'nodad');
  const kernel = await openKernel({ namespace: `/run/netns/${host}` });
  const links = await kernel.linkList();
  kernel.close();
  const indexOf = (wanted: string) => links.find(({ name }) => name === wanted)?.index ?? 0;
  const find = (link: string, address: string) => namespaceOf({ linkIndex: indexOf(link), address }, { openKernel });
  t.equal(await find('cali2', ADDRESS), `/run/netns/${pod}`);
  t.equal(await find('cali2', 'fd81::2'), `/run/netns/${pod}`);
  t.equal(await find('cali1', ADDRESS), `/run/netns/${likeIt}`);
  t.equal(await find('cali1', '10.81.0.3'), undefined, 'nobody has the address');

  await t.test('one that can not be entered is passed', async (t) => {
    const candidates = async function* () {
      yield* ['/nowhere', '/etc/hostname', `/run/netns/${pod}`];
    };
    const search = { openKernel, candidates };
    t.equal(await namespaceOf({ linkIndex: indexOf('cali2'), address: ADDRESS }, search), `/run/netns/${pod}`);
  });
});
