import { z } from 'zod';
import { definitionOf, type KindName, kindNames } from './registry.ts';

/** Kinds that are Kubernetes' own objects, or made of them, when the datastore is Kubernetes. */
const notStored: readonly KindName[] = ['Node', 'Profile', 'WorkloadEndpoint'];

export const crdKinds: readonly KindName[] = kindNames.filter((kind) => !notStored.includes(kind));

type Schema = Readonly<Record<string, unknown>>;

/** What `kubectl get` shows beside the name and the age: a heading, and where it is. */
const columns: Partial<Record<KindName, readonly (readonly [string, string, string])[]>> = {
  BGPPeer: [
    ['PeerIP', 'string', '.spec.peerIP'],
    ['Node', 'string', '.spec.node'],
    ['ASN', 'integer', '.spec.asNumber'],
  ],
  BlockAffinity: [
    ['CIDR', 'string', '.spec.cidr'],
    ['Node', 'string', '.spec.node'],
    ['State', 'string', '.spec.state'],
  ],
  IPAMBlock: [
    ['CIDR', 'string', '.spec.cidr'],
    ['Affinity', 'string', '.spec.affinity'],
  ],
  IPPool: [
    ['CIDR', 'string', '.spec.cidr'],
    ['IPIP', 'string', '.spec.ipipMode'],
    ['VXLAN', 'string', '.spec.vxlanMode'],
    ['NAT', 'boolean', '.spec.natOutgoing'],
    ['Selector', 'string', '.spec.nodeSelector'],
  ],
  Tier: [['Order', 'number', '.spec.order']],
};

/** The names by which kubectl, too, may ask for a kind. */
const shortNames: Partial<Record<KindName, readonly string[]>> = {
  BGPConfiguration: ['bgpconfig', 'bgpconfigs'],
  BlockAffinity: ['affinity', 'affinities'],
  ClusterInformation: ['clusterinfo', 'clusterinfos'],
  FelixConfiguration: ['felixconfig', 'felixconfigs'],
  GlobalNetworkPolicy: ['gnp', 'cgnp'],
  GlobalNetworkSet: ['gns'],
  HostEndpoint: ['hep', 'heps'],
  IPAMConfiguration: ['ipamconfig'],
  IPPool: ['ipp', 'ipps', 'pool', 'pools'],
  KubeControllersConfiguration: ['kcc', 'kccs'],
  NetworkPolicy: ['cnp', 'caliconetworkpolicy'],
  NetworkSet: ['netset', 'netsets'],
  StagedGlobalNetworkPolicy: ['sgnp'],
  StagedKubernetesNetworkPolicy: ['sknp'],
  StagedNetworkPolicy: ['scnp', 'snp'],
};

/** The CustomResourceDefinition of a kind, made of the same schema that checks it everywhere else. */
export function customResourceDefinition(kind: KindName): Schema {
  const { plural, namespaced, crd, spec } = definitionOf(kind);
  const names = { kind: crd?.kind ?? kind, plural: crd?.plural ?? plural };
  const generated = z.toJSONSchema(spec, { io: 'input', unrepresentable: 'any', target: 'openapi-3.0' });
  const text = { type: 'string' };
  const printed = columns[kind]?.map(([name, type, jsonPath]) => ({ name, type, jsonPath }));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.crd.projectcalico.org` },
    spec: {
      group: 'crd.projectcalico.org',
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.kind.toLowerCase(),
        ...(shortNames[kind] && { shortNames: shortNames[kind] }),
      },
      preserveUnknownFields: false,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          ...(printed && {
            additionalPrinterColumns: [
              ...printed,
              { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            ],
          }),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                apiVersion: text,
                kind: text,
                metadata: { type: 'object' },
                spec: specOf(kind, structural(generated as Schema)),
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
        },
      ],
    },
  };
}

/** In the CRD an affinity's `deleted` is text, and has to be there. */
function specOf(kind: KindName, spec: Schema): Schema {
  if (kind !== 'BlockAffinity') return spec;
  return { ...spec, properties: { ...(spec['properties'] as Schema), deleted: { type: 'string' } } };
}

/** Kubernetes wants every value to have one type, or to be marked as an integer or text. */
function structural(schema: Schema): Schema {
  const alternatives = schema['anyOf'] as readonly Schema[] | undefined;
  if (alternatives !== undefined) return structuralUnion(alternatives);
  switch (schema['type']) {
    case 'object':
      return structuralObject(schema);
    case 'array':
      return {
        ...kept(schema, ['type', 'minItems', 'maxItems', 'nullable']),
        items: structural(schema['items'] as Schema),
      };
    case 'integer':
      return { ...kept(schema, ['type', 'format', 'nullable', 'enum']), ...bounds(schema) };
    case undefined:
      return { 'x-kubernetes-preserve-unknown-fields': true };
    default:
      return kept(schema, ['type', 'enum', 'pattern', 'minLength', 'maxLength', 'nullable']);
  }
}

function structuralUnion(alternatives: readonly Schema[]): Schema {
  const types = new Set(alternatives.map((schema) => schema['type']));
  if (types.has('string') && (types.has('integer') || types.has('number')))
    return { 'x-kubernetes-int-or-string': true };
  const values = alternatives.flatMap((schema) => (schema['enum'] as readonly unknown[] | undefined) ?? []);
  if (types.size === 1 && values.length === alternatives.length) {
    return { type: types.has('number') ? 'integer' : [...types][0], enum: values };
  }
  const [first] = alternatives;
  return types.size === 1 ? kept(first, ['type']) : { 'x-kubernetes-preserve-unknown-fields': true };
}

function structuralObject(schema: Schema): Schema {
  const properties = schema['properties'] as Readonly<Record<string, Schema>> | undefined;
  const others = schema['additionalProperties'];
  if (properties === undefined || Object.keys(properties).length === 0) {
    const isMap = typeof others === 'object' && others !== null && Object.keys(others).length > 0;
    if (isMap) return { type: 'object', additionalProperties: structural(others as Schema) };
    return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  }
  const members = Object.entries(properties).map(([name, member]) => [name, structural(member)]);
  return {
    type: 'object',
    ...kept(schema, ['required']),
    properties: Object.fromEntries(members),
    'x-kubernetes-preserve-unknown-fields': true,
  };
}

/** The bounds of what a number holds exactly are not the field's own. */
function bounds({ minimum, maximum }: Schema): Schema {
  return {
    ...(Number(minimum) > Number.MIN_SAFE_INTEGER && { minimum }),
    ...(Number(maximum) < Number.MAX_SAFE_INTEGER && { maximum }),
  };
}

function kept(schema: Schema, names: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => names.includes(name)));
}
