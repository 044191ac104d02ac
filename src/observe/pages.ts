import { type Page, type Pages, text } from './http.ts';
import type { Metrics } from './metrics.ts';
import type { NodeReport } from './report.ts';

/**
 * The pages of a node. Live means that the event loop turns, nothing more: an outage of the datastore must not
 * restart a router that still routes. Ready means that the kernel holds what the cluster wants. The names are those of
 * Kubernetes and of Calico's Felix.
 */
export function nodePages(status: () => NodeReport, metrics: Metrics): Pages {
  const live = (): Page => text(200, 'ok\n');
  const ready = (): Page => readiness(status());
  return {
    '/healthz': live,
    '/livez': live,
    '/liveness': live,
    '/readyz': ready,
    '/readiness': ready,
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
  };
}

function readiness({ ready, problems }: NodeReport): Page {
  return text(ready ? 200 : 503, `${[ready ? 'ready' : 'not ready', ...problems].join('\n')}\n`);
}
