import { inNamespace, mustRun } from './command.ts';
import { LabError } from './errors.ts';
import type { LabState } from './state.ts';

/** Something of a fabric that goes and comes back: interfaces of one place that carry nothing meanwhile. */
export interface Breakage {
  /** As people read it: `cable tor1a:eth2 spine1:eth1`, `router tor1a`. */
  readonly what: string;
  readonly namespace: string;
  readonly interfaces: readonly string[];
}

const TABLE = 'vrouter-lab-cut';

/** The cable with that end, such as `tor1a:eth2`. */
export function cableOf({ nodes, hosts, cables = [] }: LabState, end: string): Breakage {
  const cable = cables.find((ends) => ends.includes(end));
  if (cable === undefined) throw missing('end of a cable', end, cables.flat());
  const [node, name] = end.split(':');
  const { namespace } = [...nodes, ...hosts].find((place) => place.name === node)!;
  return { what: `cable ${cable.join(' ')}`, namespace, interfaces: [name] };
}

/** A router with all its cables: as if its power were cut. */
export function routerOf({ hosts, cables = [] }: LabState, name: string): Breakage {
  const host = hosts.find((place) => place.name === name);
  if (host === undefined)
    throw missing(
      'router',
      name,
      hosts.map((place) => place.name),
    );
  const ends = cables.flat().filter((end) => end.startsWith(`${name}:`));
  return { what: `router ${name}`, namespace: host.namespace, interfaces: ends.map((end) => end.split(':')[1]) };
}

/** Every cable and every router, one after another. */
export function allBreakages(state: LabState): readonly Breakage[] {
  return [
    ...(state.cables ?? []).map(([end]) => cableOf(state, end)),
    ...state.hosts.map(({ name }) => routerOf(state, name)),
  ];
}

/** Takes the interfaces down, which both ends notice; or drops in silence all that they carry. */
export async function breakIt(breakage: Breakage, silent: boolean): Promise<void> {
  if (!silent) return setLinks(breakage, 'down');
  const devices = breakage.interfaces.map((name) => `"${name}"`).join(', ');
  const rules = `table netdev ${TABLE} { chain in { type filter hook ingress devices = { ${devices} } priority 0; policy drop; }; }
table inet ${TABLE} { chain out { type filter hook postrouting priority 0; oifname { ${devices} } drop; }; }
`;
  await mustRun(inNamespace(breakage.namespace, ['nft', '-f', '-']), { input: rules });
}

export async function mendIt(breakage: Breakage, silent: boolean): Promise<void> {
  if (!silent) return setLinks(breakage, 'up');
  const rules = `delete table netdev ${TABLE}\ndelete table inet ${TABLE}\n`;
  await mustRun(inNamespace(breakage.namespace, ['nft', '-f', '-']), { input: rules });
}

async function setLinks({ namespace, interfaces }: Breakage, state: 'up' | 'down'): Promise<void> {
  const input = interfaces.map((name) => `link set ${name} ${state}\n`).join('');
  await mustRun(['ip', '-n', namespace, '-batch', '-'], { input });
}

function missing(what: string, name: string, there: readonly string[]): LabError {
  return new LabError('NO_NODE', `there is no ${what} '${name}'; there are: ${there.join(', ') || 'none'}`);
}
