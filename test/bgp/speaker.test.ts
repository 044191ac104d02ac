import { once } from 'node:events';
import { createServer } from 'node:net';
import { type BestChanges, Speaker, type SpeakerEvent } from 'bgp-speaker-ts';
import t from 'tap';
import { formatIpv4 } from '../../src/base/index.ts';

/** A table of best routes as a program keeps it from the changes that it is told. */
class Routes {
  readonly table = new Map<string, string>();
  readonly #waiting: { until: () => boolean; done: () => void }[] = [];

  take({ count, addresses, lengths, nextHops, nextHopSets }: BestChanges): void {
    for (let at = 0; at < count; at++) {
      const prefix = `${formatIpv4(addresses[at])}/${lengths[at]}`;
      if (nextHops[at] === 0) this.table.delete(prefix);
      else this.table.set(prefix, nextHopSets[nextHops[at]].addresses.join());
    }
    for (const { until, done } of this.#waiting) if (until()) done();
  }

  until(until: () => boolean): Promise<void> {
    return until() ? Promise.resolve() : new Promise((done) => this.#waiting.push({ until, done }));
  }
}

t.test('one speaker originates, another learns over TCP, and unlearns', async (t) => {
  const ten = `127.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  const [a, b] = [`${ten}.1`, `${ten}.2`];
  const port = 20000 + (process.pid % 20000);
  const one = new Speaker({ asn: 64512, routerId: '10.0.0.1', listen: [{ address: a, port }] });
  const two = new Speaker({ asn: 64512, routerId: '10.0.0.2', listen: [{ address: b, port }] });
  const routes = new Routes();
  const events: SpeakerEvent[] = [];
  two.onBest((changes) => routes.take(changes));
  two.onEvent((event) => events.push(event));
  // A loopback address would be refused as next hop, and rightly.
  const nextHop = '10.0.0.1';
  one.originate([
    { prefix: '10.1.0.0/26', nextHop },
    { prefix: '10.1.0.64/26', nextHop },
  ]);
  one.configure([{ address: b, port, remoteAs: 64512, localAddress: a }]);
  two.configure([{ address: a, port, remoteAs: 64512, localAddress: b }]);
  t.teardown(() => Promise.all([one.stop('shutdown'), two.stop('shutdown')]));
  await Promise.all([one.start(), two.start()]);

  await routes.until(() => routes.table.size === 2);
  t.same([...routes.table].sort(), [
    ['10.1.0.0/26', nextHop],
    ['10.1.0.64/26', nextHop],
  ]);
  t.match(two.peers(), [
    { address: a, state: 'Established', routerId: '10.0.0.1', prefixes: { received: 2, accepted: 2 } },
  ]);
  t.match(one.peers(), [{ address: b, prefixes: { advertised: 2 } }]);
  t.match(one.explain('10.1.0.0/26'), {
    paths: [{ peer: 'local', best: true }],
    announcements: [{ peer: b, announced: true }],
  });

  one.originate([{ prefix: '10.1.0.64/26', nextHop }]);
  await routes.until(() => routes.table.size === 1);
  t.same([...routes.table.keys()], ['10.1.0.64/26']);
  one.configure([]);
  await routes.until(() => routes.table.size === 0);
  t.match(
    events.findLast((event) => event.kind === 'notification'),
    { direction: 'received', code: 6 },
  );
});

t.test('an address that can not be listened on is said, holds up nothing else, and is tried again', async (t) => {
  const ten = `127.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  const [a, b, taken] = [`${ten}.3`, `${ten}.4`, `${ten}.5`];
  const port = 20000 + (process.pid % 20000);
  const other = createServer().listen(port, taken);
  await once(other, 'listening');
  const listen = [taken, a].map((address) => ({ address, port }));
  const one = new Speaker({ asn: 64512, routerId: '10.0.0.1', listen });
  const two = new Speaker({ asn: 64512, routerId: '10.0.0.2', listen: [{ address: b, port }] });
  t.teardown(() => Promise.all([one.stop('shutdown'), two.stop('shutdown')]));
  const routes = new Routes();
  one.onBest((changes) => routes.take(changes));
  two.originate([{ prefix: '10.2.0.0/26', nextHop: '10.0.0.2' }]);
  one.configure([{ address: b, port, remoteAs: 64512, localAddress: a, passive: true }]);
  two.configure([{ address: a, port, remoteAs: 64512, localAddress: b }]);
  await t.rejects(one.start(), { code: 'LISTEN', message: taken });
  t.same(one.listening, [{ address: a, port }]);
  await two.start();
  await routes.until(() => routes.table.size === 1);
  t.same([...routes.table.keys()], ['10.2.0.0/26']);

  await t.rejects(one.listen(), { code: 'LISTEN' });
  other.close();
  await once(other, 'close');
  await one.listen();
  t.same(one.listening.map(({ address }) => address).sort(), [a, taken]);
  await one.listen();
});
