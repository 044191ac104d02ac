import t, { type Test } from 'tap';
import { nodeStatusSchema } from '../../src/control/answers.ts';
import { request } from '../../src/control/index.ts';
import { NftError, type Transaction } from '../../src/nftables/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { loneDaemon } from './lone-daemon.ts';

const POLICY = {
  selector: 'all()',
  types: ['Ingress'],
  ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [80] } }],
} as const;

/** A pod with other profiles than one without a name, and so of another class. */
const OTHER = { K8S_POD_NAMESPACE: 'x', K8S_POD_NAME: 'y' } as const;

/** nft as a program that can be taken away. */
class RemovableNft extends FakeNft {
  isMissing = false;

  override async run(transaction: Transaction): Promise<void> {
    if (this.isMissing) throw NftError.missing(new Error('no such file'));
    await super.run(transaction);
  }
}

async function policedNode(t: Test) {
  const nft = new RemovableNft();
  const node = await loneDaemon(t, { nft });
  await node.store.create({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'web' },
    spec: POLICY,
  } as never);
  await node.add('first');
  const status = () => request(node.socket, { op: 'status' }, nodeStatusSchema);
  return { ...node, nft, status };
}

t.test('a pod whose policy the kernel refuses is not said to be ready, and the runtime may try again', async (t) => {
  const { nft, add } = await policedNode(t);
  // No rule is taken, so there is no class that the pod could be held to.
  nft.unsupported = /./;
  await t.rejects(add('second', OTHER), { code: 'NO_POLICY', cniCode: 11, message: /^policy of cali.*No such file/ });
  nft.unsupported = undefined;
  t.match(await add('second', OTHER), /^10\.244\.0\./, 'it comes when the kernel takes it');
});

t.test('without nft no pod comes, those that are there stay, and status names what to install', async (t) => {
  const { nft, add, status } = await policedNode(t);
  t.match((await status()).endpoints, { desired: 1 });
  nft.isMissing = true;
  await t.rejects(add('second', OTHER), { code: 'NO_POLICY', cniCode: 11, message: /apt-get install nftables/ });
  const { problems, routes, endpoints } = await status();
  t.match(problems.join(), /apt-get install nftables/);
  t.match([routes, endpoints], [{ failed: 0 }, { desired: 1, missing: 0 }]);
  nft.isMissing = false;
  t.match(await add('second', OTHER), /^10\.244\.0\./, 'it comes when nft is there');
  t.notMatch((await status()).problems.join(), /nftables/);
});
