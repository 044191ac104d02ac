import { definitions } from './definitions.ts';

/** What a client asks to find out which resources there are; undefined for any other path. */
export function discovered(path: string): object | undefined {
  const [, first, group, version] = path.replace(/\/$/, '').split('/');
  if (path.startsWith('/version')) return { major: '1', minor: '30', gitVersion: 'v1.30.0' };
  if (first === 'api' && group === undefined) return { kind: 'APIVersions', versions: ['v1'] };
  if (first === 'apis' && group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  if (first === 'api' && version === undefined) return resourceList('v1', coreResources);
  if (first === 'apis' && version !== undefined && path.split('/').length === 4) {
    return group === GROUP ? resourceList(`${GROUP}/v1`, customResources) : undefined;
  }
  return undefined;
}

const GROUP = 'crd.projectcalico.org';
const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
const groupVersion = { groupVersion: `${GROUP}/v1`, version: 'v1' };
const groups = [{ name: GROUP, versions: [groupVersion], preferredVersion: groupVersion }];

const customResources = [...definitions.values()].map(({ spec: { names, scope } }) => ({
  name: names.plural,
  singularName: names.singular,
  namespaced: scope === 'Namespaced',
  kind: names.kind,
  shortNames: names.shortNames ?? [],
  verbs,
}));

const coreResources = [
  { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', shortNames: ['no'], verbs },
  { name: 'namespaces', singularName: 'namespace', namespaced: false, kind: 'Namespace', shortNames: ['ns'], verbs },
  { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], verbs },
];

function resourceList(groupVersion: string, resources: readonly object[]): object {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
