import { createHash } from 'node:crypto';
import {
  containsAddress,
  goPattern,
  hostCidr,
  type Prefix,
  parseAddress,
  parsePrefix,
  reasonOf,
  tryParseAddress,
} from '../../base/index.ts';
import {
  evaluate,
  type HostEndpoint,
  type KubeControllersConfiguration,
  type Node,
  newResource,
  parseSelector,
} from '../../model/index.ts';
import { addressesIn, expectedAddresses } from './expected-addresses.ts';

/** Whatever has this label is ours to change; the value is kube-controllers', so that either finds the other's. */
const CREATED_BY = 'projectcalico.org/created-by';
const CREATOR = 'calico-kube-controllers';

const SUFFIX = 'auto-hep';
const ALL_INTERFACES = '*';
const OPEN_PROFILE = 'projectcalico-default-allow';
/** The longest name that an API server takes (RFC 1123). */
const LONGEST_NAME = 253;

export type HostEndpointSettings = NonNullable<
  NonNullable<NonNullable<KubeControllersConfiguration['spec']['controllers']>['node']>['hostEndpoint']
>;
type Template = NonNullable<HostEndpointSettings['templates']>[number];

export interface HostEndpointPlan {
  readonly endpoints: readonly HostEndpoint[];
  /** Templates that can't be understood, and why. While there is one, nobody can say which endpoints are too many. */
  readonly problems: readonly string[];
}

/** The host endpoints that a node is to have: the default one, and those of the templates that select it. */
export function planHostEndpoints(node: Node, settings: HostEndpointSettings | undefined): HostEndpointPlan {
  if (!createsHostEndpoints(settings)) return { endpoints: [], problems: [] };
  const addresses = expectedAddresses(node.spec);
  const endpoints = new Map<string, HostEndpoint>();
  const problems: string[] = [];
  if (settings.createDefaultHostEndpoint !== 'Disabled') {
    const made = endpointOf(node, {}, [], addresses, ALL_INTERFACES);
    endpoints.set(made.metadata.name, made);
  }
  for (const template of settings.templates ?? []) {
    try {
      for (const made of ofTemplate(node, template, addresses)) endpoints.set(made.metadata.name, made);
    } catch (error) {
      problems.push(`the template ${template.generateName ?? ''} of host endpoints is left out: ${reasonOf(error)}`);
    }
  }
  return { endpoints: [...endpoints.values()], problems };
}

export function createsHostEndpoints(settings: HostEndpointSettings | undefined): settings is HostEndpointSettings {
  return settings?.autoCreate === 'Enabled';
}

/** Whether kube-controllers or we made it. */
export function isCreatedHere({ metadata }: HostEndpoint): boolean {
  return metadata.labels?.[CREATED_BY] === CREATOR;
}

/** Whether it already says what the planned one does; what it says besides (annotations) is others' business. */
export function saysTheSame(found: HostEndpoint, planned: HostEndpoint): boolean {
  return textOf(found) === textOf(planned) && hasAnnotations(found, planned);
}

function textOf({ metadata, spec }: HostEndpoint): string {
  const labels = Object.entries(metadata.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const { node, interfaceName = '', expectedIPs = [], profiles = [], ports = [] } = spec;
  return JSON.stringify([labels, node, interfaceName, expectedIPs, profiles, ports]);
}

function hasAnnotations(found: HostEndpoint, planned: HostEndpoint): boolean {
  const { annotations = {} } = found.metadata;
  return Object.entries(planned.metadata.annotations ?? {}).every(([key, value]) => annotations[key] === value);
}

/** One for each interface that the pattern finds; without a pattern one for the addresses within the CIDRs, if any. */
function ofTemplate(node: Node, template: Template, addresses: readonly string[]): readonly HostEndpoint[] {
  const { generateName, interfacePattern, interfaceCIDRs = [], nodeSelector = '' } = template;
  if (!generateName) throw new Error('it has no generateName');
  const cidrs = interfaceCIDRs.filter((text) => text !== '').map(cidrOf);
  const selector = parseSelector(nodeSelector);
  const pattern = interfacePattern ? goPattern(interfacePattern) : undefined;
  if (!evaluate(selector, node.metadata.labels ?? {})) return [];
  const within = addresses.filter((text) => cidrs.some((cidr) => containsAddress(cidr, parseAddress(text))));
  if (pattern === undefined) {
    return within.length === 0 ? [] : [endpointOf(node, template, [generateName], within, undefined)];
  }
  return (node.spec.interfaces ?? []).flatMap(({ name, addresses: own = [] }) => {
    if (!name || !pattern.test(name)) return [];
    return [endpointOf(node, template, [generateName, name], addressesIn([...within, ...own]), name)];
  });
}

function endpointOf(
  { metadata: { name, labels } }: Node,
  template: Pick<Template, 'labels' | 'annotations'>,
  parts: readonly string[],
  expectedIPs: readonly string[],
  interfaceName: string | undefined,
): HostEndpoint {
  return newResource(
    'HostEndpoint',
    {
      name: fitting([name, ...parts, SUFFIX].join('-')),
      labels: { ...labels, ...template.labels, [CREATED_BY]: CREATOR },
      ...(template.annotations !== undefined && { annotations: template.annotations }),
    },
    {
      node: name,
      ...(interfaceName !== undefined && { interfaceName }),
      ...(expectedIPs.length > 0 && { expectedIPs: [...expectedIPs] }),
      profiles: [OPEN_PROFILE],
    },
  );
}

/** A bare address is one of full length. */
function cidrOf(text: string): Prefix {
  return parsePrefix(tryParseAddress(text) === undefined ? text : hostCidr(text), 'interfaceCIDRs');
}

/** A name that is too long becomes kube-controllers' digest of it. */
function fitting(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  const digest = createHash('sha256').update(name).digest('base64url').replace(/[-_]/g, '');
  return `${digest.toLowerCase()}-${SUFFIX}`;
}
