import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { TransportError } from '../../src/bgp/transport/errors.ts';
import { Listening } from '../../src/routing/listening.ts';

/** Attempts to listen, and what the next one of them meets. */
class Port {
  attempts = 0;
  refusal: string | undefined;

  start(): Promise<void> {
    return this.listen();
  }

  async listen(): Promise<void> {
    this.attempts++;
    if (this.refusal === undefined) return;
    const cause = Object.assign(new Error(this.refusal), { code: this.refusal });
    throw new TransportError('LISTEN', `can't listen on 10.0.0.1 port 179: ${this.refusal}`, { cause });
  }
}

t.test('an address that is not there yet is listened on when it comes', async (t) => {
  const clock = new VirtualClock();
  const listening = new Listening({ clock, log: silentLog });
  const port = new Port();
  port.refusal = 'EADDRNOTAVAIL';
  await listening.begin(port);
  t.match(listening.problems(), [/^BGP: can't listen on 10\.0\.0\.1 port 179/]);
  await clock.advanceAsync(2000);
  t.ok(port.attempts > 1);
  port.refusal = undefined;
  await clock.advanceAsync(60_000);
  t.same(listening.problems(), []);
  const { attempts } = port;
  await clock.advanceAsync(600_000);
  t.equal(port.attempts, attempts, 'and then no more');
});

t.test('a kernel without IPv6 is no problem', async (t) => {
  const listening = new Listening({ clock: new VirtualClock(), log: silentLog });
  const port = new Port();
  port.refusal = 'EAFNOSUPPORT';
  await listening.begin(port);
  t.same(listening.problems(), []);
});

t.test('a speaker that was ended, or followed by another, is tried no more', async (t) => {
  const clock = new VirtualClock();
  const listening = new Listening({ clock, log: silentLog });
  const [port, next] = [new Port(), new Port()];
  port.refusal = 'EADDRINUSE';
  await listening.begin(port);
  await listening.begin(next);
  t.same(listening.problems(), []);
  await clock.advanceAsync(600_000);
  t.equal(port.attempts, 1);
  next.refusal = 'EADDRINUSE';
  listening.stop();
  await clock.advanceAsync(600_000);
  t.equal(next.attempts, 1);
});
