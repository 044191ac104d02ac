/** Where the daemon's pages are, by the settings' names. */
interface Settings {
  readonly FELIX_HEALTHHOST: string;
  readonly FELIX_HEALTHPORT: number;
  readonly FELIX_PROMETHEUSMETRICSENABLED: boolean;
  readonly FELIX_PROMETHEUSMETRICSHOST: string;
  readonly FELIX_PROMETHEUSMETRICSPORT: number;
  readonly VROUTER_PAGE_HOST: string;
  readonly VROUTER_PAGE_PORT: number;
}

/** A page of the daemon's, and the setting of its port. */
interface Page {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Ports that two of the daemon's own pages would have: the second could be waited for for ever. Pure. */
export function portProblems(config: Settings): readonly { readonly name: string; readonly allowed: string }[] {
  const pages = pagesOf(config).filter(({ port }) => port !== 0);
  return pages.flatMap((page, at) => {
    const other = pages.slice(0, at).find((earlier) => earlier.port === page.port && meet(earlier.host, page.host));
    return other === undefined ? [] : [{ name: page.name, allowed: `another port than that of ${other.name}` }];
  });
}

function pagesOf(config: Settings): readonly Page[] {
  const health = { name: 'FELIX_HEALTHPORT', host: config.FELIX_HEALTHHOST, port: config.FELIX_HEALTHPORT };
  const metrics = {
    name: 'FELIX_PROMETHEUSMETRICSPORT',
    host: config.FELIX_PROMETHEUSMETRICSHOST,
    port: config.FELIX_PROMETHEUSMETRICSPORT,
  };
  const page = { name: 'VROUTER_PAGE_PORT', host: config.VROUTER_PAGE_HOST, port: config.VROUTER_PAGE_PORT };
  return [
    health,
    ...(config.FELIX_PROMETHEUSMETRICSENABLED ? [metrics] : []),
    ...(config.VROUTER_PAGE_HOST === '' ? [] : [page]),
  ];
}

const EVERYWHERE = ['0.0.0.0', '::'];
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Whether who listens at one host is in the way of who listens at the other. */
function meet(a: string, b: string): boolean {
  const isLoopback = [a, b].every((host) => LOOPBACK.includes(host)) && [a, b].includes('localhost');
  return a === b || isLoopback || [a, b].some((host) => EVERYWHERE.includes(host));
}
