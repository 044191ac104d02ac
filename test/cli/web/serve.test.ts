import t, { type Test } from 'tap';
import { systemClock } from '../../../src/base/index.ts';
import { webCommand } from '../../../src/cli/commands/web.ts';
import { runVerb } from '../../../src/cli/index.ts';
import { type Io, processIo } from '../../../src/cli/io.ts';
import { MemoryStore } from '../../../src/datastore/index.ts';
import { newResource } from '../../../src/model/index.ts';

interface ServedPage {
  readonly address: string;
  readonly get: (path: string) => Promise<unknown>;
}

/** The page of a cluster whose two nodes have no daemon; it is served until the test ends. */
async function served(t: Test, argv: readonly string[] = []): Promise<ServedPage> {
  const store = new MemoryStore({ clock: systemClock });
  for (const [name, at] of [
    ['node1', '172.16.0.1/24'],
    ['node2', '172.16.0.2/24'],
  ])
    await store.create(newResource('Node', { name }, { bgp: { ipv4Address: at, asNumber: 65_001 } } as object));
  await store.create(newResource('IPPool', { name: 'pods' }, { cidr: '10.244.0.0/16', vxlanMode: 'CrossSubnet' }));
  const interrupted = Promise.withResolvers<void>();
  const said = Promise.withResolvers<string>();
  const io: Io = {
    ...processIo(),
    openStore: async () => store,
    interrupted: () => interrupted.promise,
    stdout: (text) => said.resolve(text.trim()),
  };
  const arguments_ = ['--port', '0', '--timeout', '0', ...argv];
  const ended = webCommand(io).parseAsync(arguments_, { from: 'user' });
  ended.catch(said.reject);
  const address = await said.promise;
  t.teardown(async () => {
    interrupted.resolve();
    await ended;
  });
  return { address, get: async (path) => (await fetch(`${address}api/${path}`)).json() };
}

t.test('a node that does not answer is shown, with what to do', async (t) => {
  const { get } = await served(t);
  t.match(await get('nodes'), {
    nodes: [
      { node: 'node1', addresses: ['172.16.0.1'], problem: /no answer: see there whether its daemon runs/ },
      { node: 'node2', addresses: ['172.16.0.2'], problem: /no answer/ },
    ],
  });
  t.match(await get('nodes.route?prefix=10.244.0.1'), [{ node: 'node1', problem: /no answer/ }, { node: 'node2' }]);
  t.match(await get('nodes.flows?denied=true'), [{ node: 'node1', problems: [/no answer/] }, { node: 'node2' }]);
  t.match(await get('nodes.packets'), [{ node: 'node1', problem: /no answer/ }, { node: 'node2' }]);
  t.match(await get('bgp.peers?node=node2'), { code: 'NO_ANSWER', message: /^node2: no answer/ });
});

t.test('what the datastore says needs no node', async (t) => {
  const { get } = await served(t);
  t.match(await get('cluster'), {
    nodes: [{ name: 'node1', addresses: ['172.16.0.1'], asn: 65_001 }, { name: 'node2' }],
    pools: [{ name: 'pods', cidr: '10.244.0.0/16', blockSize: 26, encapsulation: 'VXLAN CrossSubnet' }],
    blocks: [],
  });
  t.same(await get('address?address=172.16.0.2'), { address: '172.16.0.2', node: 'node2' });
  t.same(await get('address?address=10.244.3.4'), { address: '10.244.3.4', pool: 'pods' });
});

t.test('what can’t be asked is said, and no node is bothered with it', async (t) => {
  const { get } = await served(t);
  t.match(await get('address?address=pod'), { code: 'PARSE' });
  t.match(await get('nodes.route?prefix=10.0.0.0/99'), { code: 'PARSE' });
  t.match(await get('nodes.timeline'), { code: 'BAD_REQUEST', message: "field 'pod'" });
  t.match(await get('status'), { code: 'BAD_REQUEST', message: "no question 'status'" });
});

t.test('a port that is taken is said, with what to do', async (t) => {
  const { address } = await served(t);
  const { port } = new URL(address);
  await t.rejects(served(t, ['--port', port]), { message: /EADDRINUSE.*choose another place with --host and --port/ });
});

t.test('others are let in with a certificate and a token alone', async (t) => {
  await t.rejects(served(t, ['--host', '0.0.0.0']), { code: 'PAGE', message: /--host='0\.0\.0\.0' needs --tls-cert/ });
  t.equal(await runVerb('web', ['--port', 'x']), 2, 'and a wrong word is wrong usage');
});
