import { mustRun } from '../../../src/lab/command.ts';
import type { Machine } from './machine.ts';

/** A service, and the addresses of who is behind it. */
export interface ProxiedService {
  readonly address: string | undefined;
  readonly ports: readonly { readonly port: number; readonly targetPort: number; readonly protocol: string }[];
  readonly behind: readonly string[];
}

/** As much of kube-proxy as the tests need: services' addresses are translated, and refused where nobody is behind them. */
export class ServiceProxy {
  readonly #machine: Machine;
  #applied = '';

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async apply(services: readonly ProxiedService[]): Promise<void> {
    const text = rulesOf(services);
    if (text === this.#applied) return;
    await mustRun(this.#machine.inside(['nft', '-f', '-']), { input: text });
    this.#applied = text;
  }
}

function rulesOf(services: readonly ProxiedService[]): string {
  const ports = services.flatMap(({ address, behind, ports: all }) =>
    address === undefined ? [] : all.map((port) => ({ ...port, address, behind })),
  );
  const translated = ports.flatMap(({ address, behind, port, targetPort, protocol }) => {
    if (behind.length === 0) return [];
    const choice = behind.map((one, at) => `${at} : ${one}`).join(', ');
    const to = `numgen random mod ${behind.length} map { ${choice} }`;
    return [`ip daddr ${address} ${protocol} dport ${port} dnat to ${to}:${targetPort}`];
  });
  const refused = ports.flatMap(({ address, behind, port, protocol }) =>
    behind.length > 0 ? [] : [`ip daddr ${address} ${protocol} dport ${port} reject`],
  );
  return `table ip kube-proxy
delete table ip kube-proxy
table ip kube-proxy {
  chain services { ${translated.join('; ')}; }
  chain refused { ${refused.join('; ')}; }
  chain prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain output { type nat hook output priority -100; jump services; }
  chain forward { type filter hook forward priority filter - 1; jump refused; }
}
`;
}
