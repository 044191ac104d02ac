import t from 'tap';
import { blocksOf, cluster, hasRoute, podsOf } from '../../cluster/cluster.ts';
import { isUp, pass, seconds, secondsUntil, untilSaid, watch } from '../watching.ts';

const RESTART_TIME = 120;

// The guest's time: minutes of it take seconds.
t.setTimeout(3_600_000);

t.test('a daemon is killed and stays away: its routes stay for the restart time, then go', async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const [block] = await blocksOf(lab, 'node2');
  const [from, to] = ['node1', 'node2'].map((node) => podsOf(lab, node)[0]);
  const routes = await watch(t, lab, 'node1', ['ip', '-4', 'monitor', 'route']);
  await lab.endDaemon('node2', 'SIGKILL');
  const killed = seconds();
  await secondsUntil('the end of the session', async () => !(await isUp(lab, 'node1', 'node2')), 5);

  await pass(RESTART_TIME - 10);
  t.ok(await hasRoute(lab, 'node1', block));
  t.type(await lab.ping(from, `${to.address}`), 'number', 'its kernel still forwards, and so does ours');
  t.same(routes, [], 'nothing was touched meanwhile');

  await untilSaid(routes, `Deleted ${block} `);
  t.notOk(await hasRoute(lab, 'node1', block));
  t.match(routes[0].line, `Deleted ${block} `);
  const stayed = routes[0].at - killed;
  t.ok(Math.abs(stayed - RESTART_TIME) < 1, `it stayed for ${stayed.toFixed(1)} s`);
  t.equal(await lab.ping(from, `${to.address}`), undefined);

  await t.test('when the daemon comes back after all, so do they', async (t) => {
    await lab.startDaemon('node2');
    await lab.untilConverged();
    t.type(await lab.ping(from, `${to.address}`), 'number');
  });
});

t.test('a daemon is killed and comes back in time: its routes stay for good', async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const [block] = await blocksOf(lab, 'node2');
  const watched = await Promise.all(
    ['node1', 'node2'].map((name) => watch(t, lab, name, ['ip', '-4', 'monitor', 'route'])),
  );
  await lab.endDaemon('node2', 'SIGKILL');
  await pass(RESTART_TIME - 10);
  await lab.startDaemon('node2');
  await lab.untilConverged();
  await pass(3 * RESTART_TIME);
  t.ok(await isUp(lab, 'node1', 'node2'));
  t.ok(await hasRoute(lab, 'node1', block), 'what was stale has been announced anew');
  t.same(watched, [[], []], 'and in neither kernel was a route deleted or written again');
  t.ok((await lab.reachability()).complete);
});
