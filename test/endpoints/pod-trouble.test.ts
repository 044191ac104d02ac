import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { PodTrouble } from '../../src/endpoints/pod-trouble.ts';
import { KernelError } from '../../src/netlink/index.ts';

const readOnly = new KernelError('EROFS', 'sysctl net.ipv4.conf.default.proxy_arp', 'was refused');

function bench() {
  const clock = new VirtualClock();
  const state: { failure?: Error | undefined } = {};
  const sysctl = async (_name: string, value?: string): Promise<string> => {
    if (value !== undefined && state.failure !== undefined) throw state.failure;
    return '0';
  };
  return { clock, state, trouble: new PodTrouble({ sysctl }, clock) };
}

t.test('a node whose settings can’t be written says so before the first pod, until they can', async (t) => {
  const { clock, state, trouble } = bench();
  state.failure = readOnly;
  await trouble.probe();
  t.match(trouble.problems(), [/^pods get no network on this node: sysctl .* \(EROFS\)$/]);
  await clock.advanceAsync(30_000);
  t.equal(trouble.problems().length, 1);
  state.failure = undefined;
  await clock.advanceAsync(60_000);
  t.same(trouble.problems(), []);
});

t.test('what keeps one pod from its network keeps all, if it is the node’s', async (t) => {
  const { clock, trouble } = bench();
  for (const code of ['EROFS', 'EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOMEM', 'EMFILE']) {
    trouble.failed(new KernelError(code, 'link add cali1', 'no'));
    t.equal(trouble.problems().length, 1, code);
    trouble.served();
    t.same(trouble.problems(), [], 'the next pod had better luck');
  }
  for (const error of [new KernelError('ENOENT', 'open /run/netns/gone', 'no'), new Error('no address')]) {
    trouble.failed(error);
    t.same(trouble.problems(), [], error.message);
  }
  trouble.failed(readOnly);
  await clock.advanceAsync(10 * 60_000);
  t.same(trouble.problems(), [], 'nobody has tried for long');
});
