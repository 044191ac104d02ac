import { type Clock, isLoopback, type Log } from '../base/index.ts';
import type { Request } from '../control/index.ts';
import type { RestOfPages } from '../observe/index.ts';
import type { Site } from '../page/index.ts';
import type { DaemonConfig } from './config.ts';
import { pagePlace } from './page-place.ts';
import type { NodeSites } from './page-servers.ts';

export interface NodeSiteOptions {
  readonly ask: (question: Request) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The page for people, wherever the settings have it: loaded when somebody looks. */
export async function nodeSites(config: DaemonConfig, options: NodeSiteOptions): Promise<NodeSites> {
  const rest = (token: string | undefined): RestOfPages => {
    let site: Promise<Site> | undefined;
    return async (request, response) => {
      site ??= import('../page/index.ts').then(({ Site }) => new Site({ ...options, scope: 'node', token }));
      await (await site).serve(request, response);
    };
  };
  const place = await pagePlace(config);
  return {
    onLoopback: config.VROUTER_PAGE && isLoopback(config.FELIX_HEALTHHOST) ? rest(undefined) : undefined,
    elsewhere: place && { ...place, rest: rest(place.token) },
  };
}
