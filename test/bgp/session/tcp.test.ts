import t from 'tap';
import { systemClock } from '../../../src/base/index.ts';
import type { SpeakerEvent } from '../../../src/bgp/api.ts';
import { PeerSession } from '../../../src/bgp/session/index.ts';
import { tcpTransport } from '../../../src/bgp/transport/index.ts';
import { createUpdateView } from '../../../src/bgp/wire/index.ts';
import { RecordingHandler, ROUTE_UPDATE } from './recording-handler.ts';

/** A speaker's worth of one peer on real TCP: 127.x.y.z with one port for both ends. */
async function side(own: string, other: string, routerId: number, port: number) {
  const transport = tcpTransport();
  const handler = new RecordingHandler();
  const events: SpeakerEvent[] = [];
  const session = new PeerSession(
    { address: other, port, remoteAs: 64512, localAddress: own },
    {
      clock: systemClock,
      transport,
      handler,
      local: () => ({ asn: 64512, routerId }),
      view: createUpdateView(),
      onEvent: (event) => events.push(event),
    },
  );
  const listener = await transport.listen({ address: own, port }, (connection) => session.accept(connection));
  listener.admit([{ from: other }]);
  return { session, handler, listener, events };
}

t.test('two peers that dial each other at once are soon Established, and exchange UPDATEs', async (t) => {
  const port = 20_000 + (process.pid % 20_000);
  const a = await side('127.1.0.1', '127.1.0.2', 1, port);
  const b = await side('127.1.0.2', '127.1.0.1', 2, port);
  t.teardown(() => {
    for (const { session, listener } of [a, b]) {
      session.stop({ kind: 'restart' });
      listener.close();
    }
  });
  a.session.start();
  b.session.start();
  await Promise.all([a.handler.whenEstablished(), b.handler.whenEstablished()]);
  t.equal(a.session.write(ROUTE_UPDATE), true);
  b.session.write(ROUTE_UPDATE);
  await Promise.all([a.handler.whenUpdated(), b.handler.whenUpdated()]);
  t.equal(a.session.status.state, 'Established');
  t.same(b.handler.calls, ['established', 'update +10.1.0.0/26']);
  const { messages } = b.session.status;
  t.equal(messages.updatesReceived, 1);
  // How many OPENs there were depends on who dialled first.
  t.match(messages.byType, { received: { update: 1 }, sent: { update: 1 } });
  t.equal(b.session.negotiated?.peerAddress, '127.1.0.1');
});
