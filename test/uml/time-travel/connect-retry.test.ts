import t from 'tap';
import { cluster } from '../../cluster/cluster.ts';
import { isUp, pass, secondsUntil, watch } from '../watching.ts';

/** Seconds between attempts, before jitter has shortened each by up to a quarter; from then on the last. */
const WAITS = [0.5, 1, 2, 4, 8, 16, 30, 30, 30];

// The guest's time: minutes of it take seconds.
t.setTimeout(3_600_000);

t.test('a peer that refuses connections is tried again after ever longer waits', async (t) => {
  const lab = await cluster(t, { nodes: 2 });
  const syn = 'src host 172.18.0.11 and tcp dst port 179 and tcp[tcpflags] == tcp-syn';
  const attempts = await watch(t, lab, 'node1', ['tcpdump', '-n', '-l', '-i', 'eth0', syn]);
  await lab.endDaemon('node2', 'SIGKILL');
  await pass(200);

  const waits = attempts.slice(1).map(({ at }, index) => at - attempts[index].at);
  // The first attempt may find the dying process still listening: then it counts as one more than was refused.
  const accepted = waits[0] > 0.55 ? 1 : 0;
  const expected = WAITS.slice(accepted + 1);
  t.ok(waits.length > expected.length, `${waits.length} waits`);
  for (const [index, full] of expected.entries()) {
    const wait = waits[index + 1];
    t.ok(wait > 0.7 * full && wait < 1.1 * full, `${wait.toFixed(2)} s of ${full} s`);
  }

  await lab.startDaemon('node2');
  const up = await secondsUntil('the session', async () => isUp(lab, 'node1', 'node2'));
  t.ok(up < 5, `the peer's own first attempt is enough: ${up.toFixed(1)} s`);
});
