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

/** A router or a reflector with all its cables, or else its place on the switch: as if its power were cut. */
export function routerOf(state: LabState, name: string): Breakage {
  const { cables = [] } = state;
  const places = routersOf(state);
  const place = places.find((one) => one.name === name);
  if (place === undefined)
    throw missing(
      'router',
      name,
      places.map((one) => one.name),
    );
  const ends = cables.flat().filter((end) => end.startsWith(`${name}:`));
  const interfaces = ends.length > 0 ? ends.map((end) => end.split(':')[1]) : ['eth0'];
  const isNode = state.nodes.includes(place);
  return { what: `${isNode ? 'reflector' : 'router'} ${name}`, namespace: place.namespace, interfaces };
}

/** What pods can do without: all but the nodes that have some. */
function routersOf({ hosts, nodes, reflectors = [] }: LabState): readonly LabState['nodes'][number][] {
  return [...hosts, ...nodes.filter(({ name }) => reflectors.includes(name))];
}

/** Every cable, every router and every reflector, one after another. */
export function allBreakages(state: LabState): readonly Breakage[] {
  return [
    ...(state.cables ?? []).map(([end]) => cableOf(state, end)),
    ...routersOf(state).map(({ name }) => routerOf(state, name)),
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
