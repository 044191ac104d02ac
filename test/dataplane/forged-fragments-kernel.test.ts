import t from 'tap';
import { needsRoot } from '../fakes/namespaces.ts';
import { ethernet } from './frames.ts';
import { fragments, Hostile } from './hostile.ts';
import { FAMILIES } from './pod-network.ts';
import { RawFrames } from './raw-frames.ts';

t.setTimeout(240_000);

/** A host that tracks connections puts fragments together before it looks at anything, as any rule with `ct` makes it do. */
const TRACKING = `add table inet tracking
add chain inet tracking every { type filter hook prerouting priority 0 ; }
add rule inet tracking every ct state new accept`;

for (const family of [4, 6] as const) {
  const { pod, node, outside } = FAMILIES[family];
  const type = family === 4 ? 'ip' : 'ip6';

  for (const tracks of [false, true]) {
    const how = `${tracks ? 'with' : 'without'} tracked connections`;

    t.test(`IPv${family}, ${how}: fragments come to no stack from nobody, first or later`, needsRoot, async (t) => {
      const hostile = await Hostile.create(t);
      if (tracks) hostile.network.run('node', 'nft', TRACKING);
      const send = (packet: Uint8Array): void => hostile.frame(type, packet);
      const start = hostile.heard('node');
      fragments(pod, node, 1).forEach(send);
      t.equal(hostile.heard('node') - start, 1, 'what is honest does');
      const [atNode, atOutside, dropped] = [hostile.heard('node'), hostile.heard('outside'), hostile.dropped()];
      const claimed = family === 4 ? ['10.244.1.77', node, outside] : ['fd00:244::77', node, outside];
      const forged = claimed.flatMap((from, at) => [node, outside].flatMap((to) => fragments(from, to, 10 + at)));
      forged.forEach(send);
      t.equal(hostile.dropped() - dropped, forged.length, 'each of them is counted');
      t.equal(hostile.heard('node') - atNode, 0);
      t.equal(hostile.heard('outside') - atOutside, 0);
    });

    t.test(`IPv${family}, ${how}: no fragment of a pod becomes part of another's datagram`, needsRoot, async (t) => {
      const hostile = await Hostile.create(t);
      const { network } = hostile;
      if (tracks) network.run('node', 'nft', TRACKING);
      const link = (where: 'node' | 'outside') => JSON.parse(network.run(where, 'ip', '-j', 'link', 'show', 'eth0'))[0];
      const honest = new RawFrames(network.at('outside'), link('outside').ifindex);
      t.teardown(() => honest.close());
      const ends = { from: link('outside').address, to: link('node').address };
      const [head, tail] = fragments(outside, node, 7);
      const before = hostile.heard('node');
      hostile.frame(type, tail);
      honest.send(ethernet(ends, type, head));
      t.equal(hostile.heard('node') - before, 0, "its end is not the pod's");
      honest.send(ethernet(ends, type, tail));
      t.equal(hostile.heard('node') - before, 1, 'with its own it is whole');
      t.equal(hostile.dropped(), 1);
    });
  }
}
