import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { type Breakage, cableOf, routerOf } from '../../src/lab/breakage.ts';
import { measureLoss } from '../../src/lab/loss.ts';
import { buildTopology, loadTopology, untilJoined } from '../../src/lab/topology/index.ts';
import { cluster } from './cluster.ts';
import { needsRouters } from './routers.ts';

t.test(
  'the fabric of the example: whichever cable or router goes, all pods reach all pods',
  needsRouters,
  async (t) => {
    const lab = await cluster(t, {});
    await buildTopology(lab, await loadTopology('deploy/examples/tor.yaml'));
    await lab.addPods(1);
    await untilJoined(lab);

    const { state } = lab.record;
    const cases: readonly (readonly [string, Breakage, boolean])[] = [
      ['an uplink is pulled', cableOf(state, 'node1:eth1'), false],
      ['a ToR is gone', routerOf(state, 'tor1b'), false],
      ['a cable to a spine carries nothing, and no interface notices', cableOf(state, 'spine1:eth3'), true],
    ];
    for (const [name, breakage, silent] of cases) {
      const loss = await measureLoss(lab.record, breakage, { clock: systemClock, watch: 500, silent });
      t.ok(loss.reachable, name);
      t.ok(loss.going.sent > 0 && loss.coming.sent > 0, 'packets are counted');
      const { going, coming } = loss;
      t.comment(
        `${loss.what}: ${going.lost} of ${going.sent} lost as it went, ${coming.lost} of ${coming.sent} as it came`,
      );
    }
    t.equal((await lab.reachability()).complete, true, 'and all is as before');
  },
);
