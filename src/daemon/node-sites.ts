import { type Clock, isLoopback, type Log } from '../base/index.ts';
import type { Request } from '../control/index.ts';
import type { RestOfPages } from '../observe/index.ts';
import type { PagePlace, Site } from '../page/index.ts';
import type { DaemonConfig } from './config.ts';
import type { NodeSites } from './page-servers.ts';

export interface NodeSiteOptions {
  readonly ask: (question: Request) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the page has a place of its own; undefined where the settings name none. `PAGE`: nobody may be served so. */
export async function ownPlace(config: DaemonConfig, log?: Log): Promise<PagePlace | undefined> {
  if (config.VROUTER_PAGE_HOST === '') return undefined;
  const { pagePlace } = await import('../page/index.ts');
  return pagePlace(
    {
      host: config.VROUTER_PAGE_HOST,
      port: config.VROUTER_PAGE_PORT,
      cert: config.VROUTER_PAGE_TLS_CERT,
      key: config.VROUTER_PAGE_TLS_KEY,
      token: config.VROUTER_PAGE_TOKEN_FILE,
    },
    {
      host: 'VROUTER_PAGE_HOST',
      port: 'VROUTER_PAGE_PORT',
      cert: 'VROUTER_PAGE_TLS_CERT',
      key: 'VROUTER_PAGE_TLS_KEY',
      token: 'VROUTER_PAGE_TOKEN_FILE',
    },
    log,
  );
}

/** The page for people, wherever the settings have it: loaded when somebody looks. */
export async function nodeSites(config: DaemonConfig, { ask, clock, log }: NodeSiteOptions): Promise<NodeSites> {
  const rest = (token: (() => string) | undefined): RestOfPages => {
    let site: Promise<Site> | undefined;
    return async (request, response) => {
      site ??= import('../page/index.ts').then(({ nodeQuestions, Site }) => {
        const questions = nodeQuestions(ask);
        return new Site({ scope: 'node', questions, live: ask, token, clock, log });
      });
      await (await site).serve(request, response);
    };
  };
  const place = await ownPlace(config, log);
  return {
    onLoopback: config.VROUTER_PAGE && isLoopback(config.FELIX_HEALTHHOST) ? rest(undefined) : undefined,
    elsewhere: place && { ...place, rest: rest(place.token) },
  };
}
