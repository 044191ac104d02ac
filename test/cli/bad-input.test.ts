import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { DatastoreUnavailable } from '../../src/datastore/index.ts';
import { Cluster, directory, node, pool } from './harness.ts';

interface Mistake {
  readonly what: string;
  readonly line: string;
  readonly stdin?: string;
  readonly says: RegExp | string;
}

const usage = /^invalid option: 'calicoctl .*'\. Use flag '--help' to read about a specific subcommand\.\n/;
const EXISTING = pool('taken', '10.0.0.0/8');

const MISTAKES: readonly Mistake[] = [
  { what: 'no command', line: '', says: /^Usage: calicoctl/ },
  { what: 'a command that there is not', line: 'fetch nodes', says: usage },
  { what: 'an option that there is not', line: 'get nodes --fast', says: usage },
  { what: 'nothing to get', line: 'get', says: usage },
  { what: 'a kind and a file', line: 'get nodes -f x.yaml', says: usage },
  { what: 'no file', line: 'create', says: usage },
  {
    what: 'a level of logging that there is not',
    line: '-l bogus get nodes',
    says: 'unknown log level: bogus, expected one of: panic, fatal, error, warn, info, debug\n',
  },
  { what: 'a shell that there is not', line: 'completion tcsh', says: usage },
  {
    what: 'an unknown kind',
    line: 'get gadgets',
    says: "failed to get resources: resource type 'gadgets' is not supported\n",
  },
  { what: 'an unknown kind to delete', line: 'delete gadgets x', says: "resource type 'gadgets' is not supported\n" },
  { what: 'a kind of IPAM alone', line: 'get ipamblocks', says: /resource type 'ipamblocks' is not supported/ },
  { what: 'an unknown output', line: 'get nodes -o xml', says: "unrecognized output format 'xml'\n" },
  { what: 'no columns', line: 'get nodes -o custom-columns', says: 'need to specify at least one column\n' },
  {
    what: 'a column that there is not',
    line: 'get nodes -o custom-columns=NAME,AGE',
    says: 'unknown heading AGE, valid values are: NAME, ASN, IPV4, IPV6\n',
  },
  { what: 'no template', line: 'get nodes -o go-template', says: 'need to specify a template\n' },
  {
    what: 'a template that is not there',
    line: 'get nodes -o go-template-file=/nowhere',
    says: /^open \/nowhere: no such file/,
  },
  {
    what: 'a resource that is not there',
    line: 'get node n9',
    says: /^resource does not exist: Node\(n9\) with error: /,
  },
  {
    what: 'a file that is not there',
    line: 'create -f nowhere.yaml',
    says: 'failed to execute command: open nowhere.yaml: no such file or directory\n',
  },
  {
    what: 'a configuration that is not there',
    line: 'get nodes -c nowhere.cfg',
    says: 'Error reading config file: nowhere.cfg\n',
  },
  { what: 'nothing in a file', line: 'create -f -', stdin: '# nothing\n', says: 'No resources specified in file -\n' },
  {
    what: 'bad YAML',
    line: 'create -f -',
    stdin: 'kind: IPPool\nmetadata: {\nspec:\n',
    says: /^failed to execute command: yaml: line \d+: /,
  },
  {
    what: 'bad indentation',
    line: 'apply -f -',
    stdin: 'kind: IPPool\n  spec: a: b\n',
    says: /^failed to execute command: yaml: line [12]: /,
  },
  {
    what: 'text that is no object',
    line: 'create -f -',
    stdin: 'hello',
    says: /^failed to execute command: expected an object/,
  },
  {
    what: 'metadata that is no object',
    line: 'create -f -',
    stdin: 'apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: 5\n',
    says: /cannot unmarshal number into Go struct field Node.metadata of type v1.ObjectMeta/,
  },
  {
    what: 'a kind that is none',
    line: 'create -f -',
    stdin: 'apiVersion: projectcalico.org/v3\nkind: Gadget\nmetadata: {name: x}\n',
    says: 'failed to execute command: unknown resource type (Gadget) and/or version (projectcalico.org/v3)\n',
  },
  {
    what: 'a version that is none',
    line: 'create -f -',
    stdin: 'apiVersion: v1\nkind: IPPool\nmetadata: {name: x}\n',
    says: 'failed to execute command: unknown resource type (IPPool) and/or version (v1)\n',
  },
  {
    what: 'a label that no file may have',
    line: 'label ippool taken a=b=c',
    says: /^failed to update ippool taken, label not changed: error with field Metadata\.Labels \(value\) = 'b=c' /,
  },
  {
    what: "a label's key that no file may have",
    line: 'label ippool taken a/b/c=d',
    says: /^failed to update ippool taken, label not changed: error with field Metadata\.Labels \(label\) = 'a\/b\/c' /,
  },
  {
    what: 'another name by a patch',
    line: 'patch ippool taken -p {"metadata":{"name":"other"}}',
    says: 'hit error: updating existing resource: resource does not exist: IPPool(other)\n',
  },
  {
    what: 'a patch of what there was before',
    line: 'patch ippool taken -p {"metadata":{"resourceVersion":"77"}}',
    says: 'hit error: updating existing resource: update conflict: IPPool(taken)\n',
  },
  {
    what: 'a bad CIDR',
    line: 'create -f -',
    stdin: stringify(pool('x', '10.0.0.0/33')),
    says: /^failed to create 'IPPool' resource: \[error with field .*CIDR = '10\.0\.0\.0\/33' \(IPPool CIDR must be a valid subnet\)\]\n$/,
  },
  {
    what: 'a pool smaller than its blocks',
    line: 'create -f -',
    stdin: stringify(pool('x', '11.0.0.0/28')),
    says: /IP pool size is too small for use with Calico IPAM/,
  },
  {
    what: 'an overlapping pool',
    line: 'apply -f -',
    stdin: stringify(pool('x', '10.1.0.0/16')),
    says:
      "failed to apply 'IPPool' resource: [error with field IPPool.Spec.CIDR = '10.1.0.0/16' " +
      '(IPPool(x) CIDR overlaps with IPPool(taken) CIDR 10.0.0.0/8)]\n',
  },
  { what: 'no name', line: 'create -f -', stdin: stringify(node('')), says: /name must be specified/ },
  { what: 'a bad name', line: 'create -f -', stdin: stringify(node('Bad_Name')), says: /Metadata\.Name = 'Bad_Name'/ },
  {
    what: 'a resource version for something new',
    line: 'create -f -',
    stdin: stringify(pool('x', '11.0.0.0/16', {}, { resourceVersion: '5' })),
    says: /Metadata\.ResourceVersion = '5' \(field must not be set for a Create request\)/,
  },
  { what: 'a namespace where there is none', line: 'get nodes -n a', says: 'Node is not namespaced\n' },
  {
    what: 'a namespace in what has none',
    line: 'create -f -',
    stdin: stringify(pool('x', '11.0.0.0/16', {}, { namespace: 'a' })),
    says: /namespace should not be specified for a non-namespaced resource\. IPPool is not a namespaced resource/,
  },
  {
    what: 'two namespaces',
    line: 'create -n b -f -',
    stdin: 'apiVersion: projectcalico.org/v3\nkind: NetworkSet\nmetadata: {name: x, namespace: a}\n',
    says: /resource namespace does not match client namespace\. a != b/,
  },
  {
    what: 'one namespace and all',
    line: 'get netsets -A -n a',
    says: /cannot use both --namespace and --all-namespaces/,
  },
  { what: 'a label without a value', line: 'label ippool taken colour', says: 'invalid label colour\n' },
  { what: 'a label that is not there', line: 'label ippool taken colour --remove', says: /key colour does not exist/ },
  {
    what: 'a patch that breaks a rule',
    line: 'patch ippool taken -p {"spec":{"cidr":"x"}}',
    says: /^hit error: updating existing resource: error with field /,
  },
  { what: 'a patch of an unknown type', line: 'patch ippool taken -t magic -p {}', says: usage },
];

for (const { what, line, stdin, says } of MISTAKES) {
  t.test(what, async (t) => {
    const cluster = new Cluster();
    await cluster.put(EXISTING);
    const { code, stdout, stderr } = await cluster.run(line, stdin);
    t.match(stderr, says);
    t.equal(stdout, '', 'nothing on stdout');
    t.equal(code, 1);
  });
}

t.test('of several files the bad one is named', async (t) => {
  const path = await directory(t, { 'a.yaml': stringify(EXISTING), 'b.yaml': 'kind: {' });
  const { stderr } = await new Cluster().run(['create', '-f', path]);
  t.match(stderr, `failed to execute command: ${join(path, 'b.yaml')}: yaml: line `);
});

t.test('an empty directory', async (t) => {
  const path = await directory(t, {});
  t.match(await new Cluster().run(['create', '-f', path]), {
    code: 1,
    stderr: `No resources specified in directory ${path}\n`,
  });
  t.match(await new Cluster().run(['create', '--skip-empty', '-f', path]), {
    code: 0,
    stdout: 'No resources specified\n',
  });
});

t.test('a datastore that can not be reached', async (t) => {
  const cluster = new Cluster({
    openStore: async () => Promise.reject(new DatastoreUnavailable('connection refused')),
  });
  t.same(await cluster.run('get nodes'), {
    code: 1,
    stdout: '',
    stderr: "failed to create Calico API client: the datastore can't be reached: connection refused\n",
  });
});

t.test('a cluster of another version is left alone, unless it may be', async (t) => {
  const cluster = new Cluster();
  await cluster.put({ kind: 'ClusterInformation', metadata: { name: 'default' }, spec: { calicoVersion: 'v9.9.9-1' } });
  const { code, stderr } = await cluster.run('get nodes');
  t.equal(code, 1);
  t.match(
    stderr,
    /^version mismatch\.\nClient Version: {3}v[\d.]+\nCluster Version: {2}9\.9\.9\nUse --allow-version-mismatch to override\n$/,
  );
  t.match(await cluster.run('get nodes --allow-version-mismatch'), { code: 0 });
  t.match(await cluster.run('--allow-version-mismatch get nodes'), { code: 0 });
});
