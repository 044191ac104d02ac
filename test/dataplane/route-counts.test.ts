import t from 'tap';
import { FibInfos } from '../../src/dataplane/routes/fib-infos.ts';
import { workloadRoute } from '../../src/dataplane/routes/render.ts';
import { ROUTE_SOURCES, RouteTable } from '../../src/dataplane/routes/route-table.ts';

t.test('routes are counted by the source that decides, whatever comes and goes', async (t) => {
  const infos = new FibInfos();
  const table = new RouteTable(4, infos, 4);
  const ways = [0, infos.id(workloadRoute(1)), infos.id(workloadRoute(2))];
  // The wishes hold them, and so does this.
  for (const way of ways) infos.retain(way);
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  for (let step = 0; step < 2000; step++) {
    table.wantRanked(random(4), 1 + random(9), ways[random(3)]);
    const counted = Object.fromEntries(ROUTE_SOURCES.map((source) => [source, 0]));
    for (let prefix = 1; prefix < 10; prefix++) {
      const source = table.sourceOf(prefix);
      if (source !== undefined) counted[source]++;
    }
    if (step % 50 === 0) t.same(table.bySource, counted, `step ${step}`);
  }
});
