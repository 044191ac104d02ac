import { Speaker } from 'bgp-speaker-ts';
import t from 'tap';
import { Network } from './speaker-network.ts';

t.test('two peers at one address, told apart by their ports', async (t) => {
  const network = new Network();
  const here = '10.0.0.1';
  const there = '10.0.0.9';
  const us = await network.node(here, 65001, [
    { address: there, name: 'first', port: 179, remoteAs: 65002 },
    { address: there, name: 'second', port: 1179, remoteAs: 65003 },
  ]);
  for (const [port, asn] of [
    [179, 65002],
    [1179, 65003],
  ]) {
    const listen = [{ address: there, port }];
    const options = { asn, routerId: `10.0.0.${port === 179 ? 1 : 2}`, listen, clock: network.clock };
    const speaker = new Speaker(options, network.links.host(there));
    speaker.configure([{ address: here, remoteAs: 65001 }]);
    speaker.originate([{ prefix: `10.${port === 179 ? 1 : 2}.0.0/16` }]);
    await speaker.start();
  }
  network.run(30);
  t.same(
    us.speaker.peers().map(({ name, address, state, remoteAs }) => [name, address, state, remoteAs]),
    [
      ['first', there, 'Established', 65002],
      ['second', there, 'Established', 65003],
    ],
  );
  t.same(us.routes, [`10.1.0.0/16 via ${there}`, `10.2.0.0/16 via ${there}`]);
  us.speaker.configure([{ address: there, name: 'second', port: 1179, remoteAs: 65003 }]);
  network.run(1);
  t.equal(us.speaker.peers().length, 1);
  t.equal(us.events.filter((event) => event.kind === 'state' && event.from === 'Established').length, 1);
});
