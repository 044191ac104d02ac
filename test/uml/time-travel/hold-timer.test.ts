import { readFile } from 'node:fs/promises';
import t from 'tap';
import { blocksOf, cluster, hasRoute } from '../../cluster/cluster.ts';
import { isUp, seconds, secondsUntil, untilSaid, watch } from '../watching.ts';

const HOLD_TIME = 90;
const RESTART_TIME = 120;
/** A third of the hold time. */
const KEEPALIVE_TIME = 30;
const CONNECT_RETRY_TIME = 30;

// The guest's time: minutes of it take seconds.
t.setTimeout(3_600_000);

t.test('nothing is heard of a node any more, though its link is up', async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1, environment: { VROUTER_BGP_GRACEFUL_NOTIFICATION: 'true' } });
  const [block] = await blocksOf(lab, 'node2');
  const routes = await watch(t, lab, 'node1', ['ip', '-4', 'monitor', 'route']);
  const nft = (command: string) => lab.exec('node2', ['nft', command]);

  await secondsUntil('some keepalives', async () => seconds() > 100);
  t.ok(await isUp(lab, 'node1', 'node2'), 'keepalives keep a session up that has nothing to say');

  await nft('add table inet cut');
  for (const way of ['input', 'output']) {
    await nft(`add chain inet cut ${way} { type filter hook ${way} priority 0; policy drop; }`);
  }
  const cut = seconds();

  await t.test('its session ends when the hold time is over', async (t) => {
    const down = await secondsUntil('the session to end', async () => !(await isUp(lab, 'node1', 'node2')));
    t.ok(down > HOLD_TIME - KEEPALIVE_TIME - 1 && down < HOLD_TIME + 1, `it took ${down.toFixed(1)} s`);
    t.match(await readFile(lab.node('node1').log, 'utf8'), `hold timer expired: nothing heard for ${HOLD_TIME} s`);
    t.ok(await hasRoute(lab, 'node1', block), 'both ends speak RFC 8538: its routes stay for the restart time');
  });

  await t.test('its routes go when it has not come back in the restart time', async (t) => {
    const ended = seconds();
    const gone = await untilSaid(routes, `Deleted ${block} `);
    t.notOk(await hasRoute(lab, 'node1', block));
    t.ok(Math.abs(gone.at - ended - RESTART_TIME) < 1, `${(gone.at - ended).toFixed(1)} s after the session`);
    t.ok(gone.at - cut > 150);
  });

  await t.test('it is heard again: session, routes and pods are back with the next attempt', async (t) => {
    await nft('delete table inet cut');
    const back = await secondsUntil('the session', async () => isUp(lab, 'node1', 'node2'));
    t.ok(back <= CONNECT_RETRY_TIME + 2, `it took ${back.toFixed(1)} s`);
    await lab.untilConverged();
    t.ok(await hasRoute(lab, 'node1', block));
    t.ok((await lab.reachability()).complete);
  });
});
