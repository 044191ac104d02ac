import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { fingerprint, NftError, openNft, Transaction } from '../../src/nftables/index.ts';
import { nftContract } from '../contracts/nft.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await nftContract('fake', () => ({ nft: new FakeNft(), close: () => {} }));

await nftContract('linux', () => {
  const namespace = makeNamespace();
  const nft = openNft({ namespace: namespace.path });
  const close = (): void => {
    nft.close();
    namespace.remove();
  };
  return { nft, close };
});

t.test('elements go to the kernel without nft, which is told apart from others by its port', async (t) => {
  const namespace = makeNamespace();
  const program = openNft({ namespace: namespace.path });
  const nft = openNft({ namespace: namespace.path, program: 'nft-that-is-not-there' });
  const kernel = await openKernel({ namespace: namespace.path });
  const ports: number[] = [];
  const both = Promise.withResolvers<void>();
  const monitor = await kernel.monitor((event) => {
    if (event.kind === 'table' && ports.push(event.port) === 2) both.resolve();
  });
  t.teardown(() => {
    monitor.stop();
    kernel.close();
    nft.close();
    program.close();
    namespace.remove();
  });
  const table = { family: 'ip', name: 'calico' } as const;
  const set = { name: 'hosts', type: 'ipv4_addr' };
  await program.run(new Transaction(table).addTable().addSet(set));
  await nft.run(new Transaction(table).addElements(set, ['10.0.0.1', '10.0.0.2']).deleteElements(set, ['10.0.0.2']));
  t.match(await program.list(table), { sets: [{ elements: ['10.0.0.1'] }] });
  await both.promise;
  t.same(
    ports.map((port) => nft.isOwn(port)),
    [false, true],
  );
  await t.rejects(nft.run(new Transaction(table).addElements(set, ['10.0.0.3']).flushSet(set)), {
    code: 'NFT_MISSING',
  });
});

t.test('the error names the element that the kernel refuses', async (t) => {
  const namespace = makeNamespace();
  const nft = openNft({ namespace: namespace.path });
  t.teardown(() => {
    nft.close();
    namespace.remove();
  });
  const table = { family: 'ip', name: 'calico' } as const;
  const set = { name: 'hosts', type: 'ipv4_addr' };
  await nft.run(new Transaction(table).addTable().addSet(set).addElements(set, ['10.0.0.1', '10.0.0.2']));
  const gone = new Transaction(table).deleteElements(set, ['10.0.0.1', '10.9.9.9', '10.0.0.2']);
  await t.rejects(nft.run(gone), { code: 'ENOENT', message: /element 10\.9\.9\.9 of hosts/ });
});

t.test('without nft the error names the package to install', async (t) => {
  const namespace = makeNamespace();
  t.teardown(() => namespace.remove());
  const table = { family: 'inet', name: 'calico' } as const;
  for (const place of [{}, { namespace: namespace.path }]) {
    const nft = openNft({ program: 'nft-that-is-not-there', ...place });
    const error: unknown = await nft.run(new Transaction(table).addTable()).catch((reason) => reason);
    t.match(error, { code: 'NFT_MISSING', message: /apt-get install nftables/ });
  }
});

t.test("nft's own words are in the error", async (t) => {
  const namespace = makeNamespace();
  t.teardown(() => namespace.remove());
  const nft = openNft({ namespace: namespace.path });
  const table = new Transaction({ family: 'inet', name: 'calico' }).addTable().addChain({ name: 'c' });
  const error: unknown = await nft
    .run(table.addRule({ chain: 'c', expression: 'ip saddr nonsense!' }))
    .catch((reason) => reason);
  t.ok(error instanceof NftError);
  t.match(error, { code: 'NFT_REFUSED', words: /syntax error/ });
});

t.test('a namespace that is not there is said to be so', async (t) => {
  const nft = openNft({ namespace: '/run/netns/vrt-there-is-none' });
  const error: unknown = await nft.list({ family: 'inet', name: 'calico' }).catch((reason) => reason);
  t.match(error, { code: 'NFT_NAMESPACE', message: /vrt-there-is-none/ });
});

t.test('what is run is in the debug log, word by word', async (t) => {
  const said: object[] = [];
  const log = { ...silentLog, debug: (fields: object) => void said.push(fields) };
  const transaction = new Transaction({ family: 'inet', name: 'calico' }).addTable().addChain({ name: 'c' });
  await openNft({ program: 'true', log }).run(transaction);
  t.same(said, [{ nft: 'add table inet calico\nadd chain inet calico c\n' }]);
});

t.test('the kernel says itself that there is no such table', async (t) => {
  const namespace = makeNamespace();
  const nft = openNft({ namespace: namespace.path, program: 'nft-that-is-not-there' });
  t.teardown(() => {
    nft.close();
    namespace.remove();
  });
  const table = { family: 'ip', name: 'calico' } as const;
  t.equal(await nft.list(table), undefined);
  await nft.run(new Transaction(table).addTable());
  t.same(await nft.list(table), { chains: [], sets: [], maps: [], rules: [] });
  t.equal(await nft.list({ ...table, family: 'ip6' }), undefined);
});

t.test('a rule is known by the fingerprint that it had under former versions', async (t) => {
  t.equal(fingerprint(''), '811c9dc5');
  t.equal(fingerprint('ip saddr 10.0.0.0/8 accept'), 'a246040a');
  t.equal(fingerprint('log prefix "ünïcode 🦊 "'), '97335b11');
});
