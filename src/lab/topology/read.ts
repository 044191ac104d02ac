import { load } from 'js-yaml';
import * as z from 'zod';
import { reasonOf } from '../../base/index.ts';
import { LabError } from '../errors.ts';

const KINDS = ['vrouter', 'bird', 'frr', 'linux'] as const;
type Kind = (typeof KINDS)[number];

/** A place of the lab: a namespace, with a daemon unless its kind is `linux`. */
export interface TopologyNode {
  readonly name: string;
  readonly kind: Kind;
  /** The configuration of a router: the text, or a file's path as the topology names it. */
  readonly config?: { readonly text: string } | { readonly path: string };
  /** Commands run in the place once its cables are there, before routers start. */
  readonly exec: readonly string[];
  /** Settings of a vRouter's daemon. */
  readonly env: Readonly<Record<string, string>>;
  /** Labels of a vRouter's Node. */
  readonly labels: Readonly<Record<string, string>>;
  /** A vRouter that is a route reflector: its cluster's ID. It has no pods. */
  readonly reflector?: string;
}

export interface CableEnd {
  readonly node: string;
  readonly interface: string;
}

export interface Topology {
  readonly name: string;
  readonly nodes: readonly TopologyNode[];
  readonly cables: readonly (readonly [CableEnd, CableEnd])[];
  /** Resources of Calico's API, applied when the nodes are there; a text is a file's path. */
  readonly resources: readonly (string | object)[];
  /** The parts of the file that are not acted on, each as a path in it. */
  readonly ignored: readonly string[];
}

const words = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));
const settings = {
  kind: z.string().optional(),
  'startup-config': z.string().optional(),
  exec: z.array(z.string()).optional(),
  binds: z.array(z.string()).optional(),
  env: words.optional(),
  labels: words.optional(),
  reflector: z
    .string()
    .regex(/^(\d{1,3})(\.\d{1,3}){3}$/, "use a cluster ID such as '244.0.0.1'")
    .optional(),
};
const nodeFields = z.looseObject(settings);
const end = z.union([
  z
    .string()
    .regex(/^[^:]+:[^:]+$/, 'use "node:interface"')
    .transform((text): CableEnd => {
      const [node, name] = text.split(':');
      return { node, interface: name };
    }),
  z.object({ node: z.string(), interface: z.string() }),
]);
const linkFields = z.looseObject({ type: z.string().optional(), endpoints: z.array(end).length(2) });
const topologyFields = z.looseObject({
  defaults: nodeFields.nullish(),
  kinds: z.record(z.string(), nodeFields.nullish()).optional(),
  nodes: z.record(z.string(), nodeFields.nullish()),
  links: z.array(linkFields).default([]),
});
const fileFields = z.looseObject({
  name: z.string(),
  topology: topologyFields,
  resources: z.array(z.union([z.string(), z.looseObject({ kind: z.string() })])).default([]),
});
type Fields = z.infer<typeof nodeFields>;

/** Where Debian's routers, and containers of them, have their configuration: a `linux` node with such a bind is one. */
const CONFIGS: Readonly<Record<string, Kind>> = {
  '/etc/frr/frr.conf': 'frr',
  '/etc/bird/bird.conf': 'bird',
  '/etc/bird.conf': 'bird',
};

/** Reads the text of a topology file. Throws `LabError` BAD_TOPOLOGY, which names the field. */
export function readTopology(text: string): Topology {
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    throw bad(reasonOf(error));
  }
  const parsed = fileFields.safeParse(value);
  if (!parsed.success) {
    const said = parsed.error.issues.map(
      ({ path, message }) => `${path.map(String).join('.') || 'the file'}: ${message}`,
    );
    throw bad(said.join('; '));
  }
  const { name, topology, resources } = parsed.data;
  const ignored = [
    ...unknown('', parsed.data, fileFields),
    ...unknown('topology.', topology, topologyFields),
    ...unknown('topology.defaults.', topology.defaults, nodeFields),
    ...Object.entries(topology.kinds ?? {}).flatMap(([kind, own]) =>
      unknown(`topology.kinds.${kind}.`, own, nodeFields),
    ),
  ];
  const nodes = Object.entries(topology.nodes).map(([node, own]) => {
    ignored.push(...unknown(`topology.nodes.${node}.`, own, nodeFields));
    const kind = own?.kind ?? topology.defaults?.kind;
    const layers = [topology.defaults, kind === undefined ? undefined : topology.kinds?.[kind], own];
    return readNode(node, kind, layers, ignored);
  });
  const cables = topology.links.flatMap(({ endpoints: [a, b], ...link }, index) => {
    const path = `topology.links.${index}`;
    ignored.push(...unknown(`${path}.`, link, linkFields));
    if (link.type === undefined || link.type === 'veth') return [[a, b] as const];
    ignored.push(`${path} of type ${link.type}`);
    return [];
  });
  checkCables(cables, nodes);
  if (!nodes.some(({ kind }) => kind === 'vrouter')) throw bad('topology.nodes: none is of kind vrouter');
  return { name, nodes, cables, resources, ignored };
}

/** Lists run on from layer to layer, maps are merged, and of the rest the last one counts: as in containerlab. */
function readNode(
  name: string,
  given: string | undefined,
  layers: readonly (Fields | null | undefined)[],
  ignored: string[],
): TopologyNode {
  const path = `topology.nodes.${name}`;
  const there = layers.filter((layer) => layer !== undefined && layer !== null);
  let kind = KINDS.find((one) => one === given);
  if (kind === undefined) throw bad(`${path}.kind: '${given ?? ''}' is none of ${KINDS.join(', ')}`);
  const startup = there.map((layer) => layer['startup-config']).findLast((one) => one !== undefined);
  let config = startup === undefined ? undefined : startup.includes('\n') ? { text: startup } : { path: startup };
  for (const bind of there.flatMap((layer) => layer.binds ?? [])) {
    const [from, to = ''] = bind.split(':');
    const program = CONFIGS[to];
    if (program === undefined || (kind !== 'linux' && kind !== program)) ignored.push(`${path}.binds ${bind}`);
    else {
      kind = program;
      config = { path: from };
    }
  }
  const router = kind === 'bird' || kind === 'frr';
  if (router && config === undefined) throw bad(`${path}.startup-config: a ${kind} needs one`);
  if (!router && config !== undefined) ignored.push(`${path}.startup-config`);
  const commands = there.flatMap((layer) => layer.exec ?? []);
  // The router reads its configuration in any case.
  ignored.push(...commands.filter(readsConfig).map((command) => `${path}.exec ${command}`));
  const env = Object.assign({}, ...there.map((layer) => layer.env));
  const reflector = there.map((layer) => layer.reflector).findLast((one) => one !== undefined);
  const role = kind === 'vrouter' && reflector !== undefined ? { 'route-reflector': 'true' } : {};
  const labels = Object.assign(role, ...there.map((layer) => layer.labels));
  if (kind !== 'vrouter') {
    if (Object.keys(env).length > 0) ignored.push(`${path}.env`);
    if (Object.keys(labels).length > 0) ignored.push(`${path}.labels`);
    // Of a router the configuration says it.
    if (reflector !== undefined) ignored.push(`${path}.reflector`);
  }
  return {
    name,
    kind,
    ...(router && config !== undefined && { config }),
    exec: commands.filter((command) => !readsConfig(command)),
    env,
    labels,
    ...(kind === 'vrouter' && reflector !== undefined && { reflector }),
  };
}

function readsConfig(command: string): boolean {
  return /^vtysh -b\b/.test(command);
}

function checkCables(cables: Topology['cables'], nodes: readonly TopologyNode[]): void {
  const taken = new Set<string>();
  for (const { node, interface: name } of cables.flat()) {
    const shown = `${node}:${name}`;
    if (!nodes.some((one) => one.name === node)) throw bad(`topology.links: ${shown}: there is no node '${node}'`);
    if (name === 'eth0') throw bad(`topology.links: ${shown}: eth0 is the lab's own; use eth1 and on`);
    if (!/^[A-Za-z0-9._-]{1,15}$/.test(name) || name === 'lo')
      throw bad(`topology.links: ${shown}: no name for a link`);
    if (taken.has(shown)) throw bad(`topology.links: ${shown} is the end of two links`);
    taken.add(shown);
  }
}

function unknown(path: string, value: object | null | undefined, known: z.ZodObject): readonly string[] {
  return Object.keys(value ?? {})
    .filter((key) => !(key in known.shape))
    .map((key) => `${path}${key}`);
}

function bad(message: string): LabError {
  return new LabError('BAD_TOPOLOGY', `the topology can't be read: ${message}`);
}
