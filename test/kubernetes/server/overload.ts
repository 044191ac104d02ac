import t from 'tap';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { pool } from '../../contracts/store.ts';
import { assets, manifestsOf, RealServer } from '../../datastore/kubernetes/real-server.ts';

t.setTimeout(3_600_000);

t.test(
  'of a hundred requests at once to a server that has room for two, none is done twice, and who was turned away knows',
  async (t) => {
    const flags = [
      '--enable-priority-and-fairness=false',
      '--max-requests-inflight=1',
      '--max-mutating-requests-inflight=1',
    ];
    const server = await RealServer.start(assets ?? '', { flags });
    await server.apply(manifestsOf('deploy/rbac.yaml'));
    // Administrators are never turned away.
    const store = new KubernetesStore(server.as(await server.token('kube-system', 'vrouter')));
    t.teardown(async () => {
      await store.close();
      await server.stop();
    });
    const all = Array.from({ length: 100 }, (_, at) => store.create(pool(`p${at}`)));
    const outcomes = await Promise.allSettled(all);
    // Whoever has been turned away ten times gives up, as others have before him.
    const given = outcomes.flatMap((outcome, at) => (outcome.status === 'fulfilled' ? [`p${at}`] : []));
    for (const outcome of outcomes) if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'UNAVAILABLE' });
    t.same((await store.list('IPPool')).items.map(({ metadata }) => metadata.name).sort(), given.sort());
    t.ok(given.length > 50, `most came through: ${given.length}`);
    t.ok(
      server.audited().some(({ responseStatus }) => responseStatus?.code === 429),
      'it had been too much',
    );
  },
);
