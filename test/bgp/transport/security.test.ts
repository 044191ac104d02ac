import t, { type Test } from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import { type Connection, type DialOptions, tcpTransport } from '../../../src/bgp/transport/index.ts';

/*
 * Real sockets on loopback: whether the kernel enforces what was asked for.
 */

const transport = tcpTransport();
type Dial = DialOptions & { readonly port: number };

/** An open connection, or why there is none. */
function dial(t: Test, options: Dial): Promise<Connection | string> {
  return new Promise((resolve) => {
    const cancel = transport.dial(options, {
      connected: (connection) => {
        t.teardown(() => connection.destroy());
        resolve(connection);
      },
      failed: resolve,
    });
    t.teardown(cancel);
  });
}

/** Whether a dial is answered at all: one that the kernel drops is still waiting when a later, good one is through. */
async function answered(t: Test, options: Dial, good: Dial): Promise<boolean> {
  let answer = false;
  const cancel = transport.dial(options, {
    connected: (connection) => {
      answer = true;
      connection.destroy();
    },
    failed: () => {
      answer = true;
    },
  });
  t.type(await dial(t, good), 'object');
  cancel();
  return answer;
}

/** A listener, and what each client has sent to it. */
async function listen(t: Test, address: string) {
  const heard = new Map<number, string>();
  let noise = Promise.withResolvers<void>();
  const listener = await transport.listen({ address, port: 0 }, (connection) => {
    t.teardown(() => connection.destroy());
    connection.receive({
      data(chunk) {
        heard.set(connection.remote.port, Buffer.from(chunk).toString());
        noise.resolve();
        noise = Promise.withResolvers();
      },
      drained() {},
      closed() {},
    });
  });
  t.teardown(() => listener.close());
  return Object.assign(listener, { heard, somethingHeard: () => noise.promise });
}

for (const [family, server, client, range] of [
  ['IPv4', '127.3.0.1', '127.3.1.2', '127.3.1.0/24'],
  ['IPv6', '::1', '::1', '::/64'],
] as const) {
  t.test(`${family}: with TCP-MD5 only the right password connects`, async (t) => {
    const listener = await listen(t, server);
    const to = (password?: string): Dial => ({
      address: server,
      port: listener.port,
      localAddress: client,
      ...(password !== undefined && { password }),
    });
    t.same(listener.admit([{ from: client, password: 'right' }]), []);
    t.notOk(await answered(t, to('wrong'), to('right')));
    t.notOk(await answered(t, to(), to('right')));
    listener.admit([{ from: client, password: 'other' }]);
    t.notOk(await answered(t, to('right'), to('other')), 'a new password takes the place of the old one');
    listener.admit([{ from: client }]);
    t.notOk(await answered(t, to('other'), to()), 'without a password none is accepted');
  });

  t.test(`${family}: a range shares a password`, async (t) => {
    const listener = await listen(t, server);
    t.same(listener.admit([{ from: parsePrefix(range), password: 'shared' }]), []);
    const options = { address: server, port: listener.port, localAddress: client };
    t.notOk(await answered(t, options, { ...options, password: 'shared' }));
  });

  t.test(`${family}: with GTSM nothing is taken that may have come from further away`, async (t) => {
    const listener = await listen(t, server);
    t.same(listener.admit([{ from: client, ttlSecurity: 1 }]), []);
    const options = { address: server, port: listener.port, localAddress: client };
    const far = (await dial(t, { ...options, multihop: 3 })) as Connection;
    const near = (await dial(t, { ...options, ttlSecurity: 1 })) as Connection;
    const heard = listener.somethingHeard();
    far.write(Buffer.from('from afar'));
    near.write(Buffer.from('from next door'));
    await heard;
    t.same([...listener.heard], [[near.local.port, 'from next door']]);
  });
}

t.test('a distance of 0 hops is none: GTSM is off, and what else was asked for counts', async (t) => {
  const listener = await listen(t, '127.3.0.1');
  t.same(listener.admit([{ from: '127.3.1.5', ttlSecurity: 0 }]), []);
  const options = { address: '127.3.0.1', port: listener.port, localAddress: '127.3.1.5', ttlSecurity: 0 };
  const far = (await dial(t, { ...options, multihop: 3 })) as Connection;
  const heard = listener.somethingHeard();
  far.write(Buffer.from('from afar'));
  await heard;
  t.same([...listener.heard], [[far.local.port, 'from afar']]);
  t.type(await dial(t, options), 'object');
});

t.test('a password that can not be installed keeps the peer out', async (t) => {
  const listener = await listen(t, '127.3.0.1');
  const password = 'x'.repeat(81);
  const refusals = listener.admit([{ from: '127.3.1.3', password }, { from: '127.3.1.4' }]);
  t.match(refusals, [{ from: '127.3.1.3', reason: /password of 127\.3\.1\.3 must have 1 to 80 octets/ }]);
  const { port } = listener;
  t.match(await dial(t, { address: '127.3.0.1', port, localAddress: '127.3.1.3', password }), /1 to 80 octets/);
  t.type(await dial(t, { address: '127.3.0.1', port, localAddress: '127.3.1.4' }), 'object');
});
