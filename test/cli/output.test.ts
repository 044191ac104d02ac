import { join } from 'node:path';
import t from 'tap';
import { newResource } from '../../src/model/index.ts';
import { Cluster, directory, node, pool } from './harness.ts';

async function cluster(): Promise<Cluster> {
  const cluster = new Cluster();
  const metadata = { uid: '0df17422-6993-11e9-bde3-005056918222', labels: { b: '2', a: '1' } };
  await cluster.put(pool('pool-a', '10.0.0.0/16', { natOutgoing: true, blockSize: 26 }, metadata));
  await cluster.put(pool('pool-b', '10.1.0.0/16', { disabled: true }));
  return cluster;
}

t.test('one object by name is printed alone', async (t) => {
  const shell = await cluster();
  t.equal(
    (await shell.run('get ippool pool-a -o yaml')).stdout,
    `apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  creationTimestamp: 2026-01-01T00:00:00Z
  labels:
    a: "1"
    b: "2"
  name: pool-a
  resourceVersion: "1"
  uid: 0df17422-6993-11e9-bde3-005056918222
spec:
  blockSize: 26
  cidr: 10.0.0.0/16
  natOutgoing: true
`,
  );
  t.equal(
    (await shell.run('get ippool pool-a -o json')).stdout,
    `{
  "kind": "IPPool",
  "apiVersion": "projectcalico.org/v3",
  "metadata": {
    "name": "pool-a",
    "uid": "0df17422-6993-11e9-bde3-005056918222",
    "resourceVersion": "1",
    "creationTimestamp": "2026-01-01T00:00:00Z",
    "labels": {
      "a": "1",
      "b": "2"
    }
  },
  "spec": {
    "cidr": "10.0.0.0/16",
    "natOutgoing": true,
    "blockSize": 26
  }
}
`,
  );
});

t.test('several by name are an array, those that are missing are told of', async (t) => {
  const shell = await cluster();
  const { code, stdout, stderr } = await shell.run('get ippool pool-b nothing pool-a -o json');
  t.equal(code, 1);
  t.match(JSON.parse(stdout), [{ metadata: { name: 'pool-b' } }, { metadata: { name: 'pool-a' } }]);
  t.match(stderr, /^resource does not exist: IPPool\(nothing\)/);
});

t.test('all are a list', async (t) => {
  const { stdout } = await (await cluster()).run('get pools -o json');
  const list = JSON.parse(stdout);
  t.match(list, { kind: 'IPPoolList', apiVersion: 'projectcalico.org/v3', metadata: { resourceVersion: '2' } });
  t.same(Object.keys(list), ['kind', 'apiVersion', 'metadata', 'items']);
  t.match(list.items, [{ metadata: { name: 'pool-a' } }, { metadata: { name: 'pool-b' } }]);
});

t.test('--export leaves out what belongs to this cluster, of what is named', async (t) => {
  const shell = await cluster();
  t.equal(
    (await shell.run('get ippool pool-b -o yaml --export')).stdout,
    'apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: pool-b\nspec:\n  cidr: 10.1.0.0/16\n  disabled: true\n',
  );
  t.match((await shell.run('get ippool -o yaml --export')).stdout, /uid: /);
});

t.test('names, chosen columns and templates', async (t) => {
  const shell = await cluster();
  t.equal(
    (await shell.run('get pool -o name')).stdout,
    'ippools.projectcalico.org/pool-a\nippools.projectcalico.org/pool-b\n',
  );
  t.equal(
    (await shell.run('get pool -o custom-columns=disabled,NAME')).stdout,
    'DISABLED   NAME     \nfalse      pool-a   \ntrue       pool-b   \n\n',
  );
  const file = join(
    await directory(t, { 'names.tmpl': '{{range .}}{{range .Items}}{{.ObjectMeta.Name}}\n{{end}}{{end}}' }),
    'names.tmpl',
  );
  t.equal((await shell.run(`get pool -o go-template-file=${file}`)).stdout, 'pool-a\npool-b\n');
});

const TEMPLATES: readonly (readonly [template: string, text: string])[] = [
  ['{{range .}}{{.Spec.CIDR}}{{end}}', '10.0.0.0/16'],
  ['{{range .}}{{ .spec.cidr | printf "%s!" }}{{end}}', '10.0.0.0/16!'],
  ['{{len .}}', '1'],
  ['{{range .}}{{.Name}} {{.Labels.b}} {{.Kind}}{{end}}', 'pool-a 2 IPPool'],
  ['{{range $i, $p := .}}{{$i}}={{$p.Metadata.Name}};{{end}}', '0=pool-a;'],
  ['{{with index . 0}}{{.Kind}}{{else}}none{{end}}', 'IPPool'],
  ['{{range .}}{{if .Spec.Disabled}}off{{else if eq .Spec.BlockSize 26}}26{{else}}on{{end}}{{end}}', '26'],
  ['{{range .}}{{if and .Spec.NATOutgoing (not .Spec.Disabled)}}yes{{end}}{{end}}', 'yes'],
  ['{{range .}}{{join .ObjectMeta.Labels ","}}{{end}}', 'a=1,b=2'],
  ['{{range .}}{{range $k, $v := .ObjectMeta.Labels}}{{$k}}{{$v}} {{end}}{{end}}', 'a1 b2 '],
  ['{{range .}}{{$n := .ObjectMeta.Name}}{{range .Spec.Nothing}}x{{else}}{{$n}}{{end}}{{end}}', 'pool-a'],
  ['a {{- /* nothing */ -}} b', 'ab'],
  ['{{"quoted \\"text\\""}} {{`raw`}} {{1.5}} {{true}}', 'quoted "text" raw 1.5 true'],
  ['{{print "a" "b"}}{{println "c"}}', 'abc\n'],
];

t.test('the templates of Go', async (t) => {
  const shell = await cluster();
  for (const [template, text] of TEMPLATES) {
    t.equal((await shell.run(['get', 'pool', 'pool-a', '-o', `go-template=${template}`])).stdout, text, template);
  }
  const wrong: Readonly<Record<string, RegExp>> = {
    '{{range .}}': /\{\{range\}\} without \{\{end\}\}/,
    '{{end}}': /unexpected \{\{end\}\}/,
    '{{nonsense}}': /function "nonsense" not defined/,
    '{{$x}}': /undefined variable/,
    '{{': /unclosed action/,
    '{{if}}{{end}}': /missing value/,
    '{{(1}}': /unclosed \(/,
    '{{#}}': /unexpected text '#'/,
  };
  for (const [template, says] of Object.entries(wrong)) {
    t.match(await shell.run(['get', 'pool', '-o', `go-template=${template}`]), { code: 1, stderr: says }, template);
  }
});

t.test('patch changes what it names', async (t) => {
  const shell = await cluster();
  t.same(await shell.run('patch ippool pool-a -p {"spec":{"natOutgoing":false,"blockSize":null}}'), {
    code: 0,
    stdout: "Successfully patched 1 'IPPool' resource\n",
    stderr: '',
  });
  const stored = await shell.store.get({ kind: 'IPPool', name: 'pool-a' });
  t.match(stored?.spec, { cidr: '10.0.0.0/16', natOutgoing: false, blockSize: 26 });
  const operations = [
    { op: 'test', path: '/spec/natOutgoing', value: false },
    { op: 'replace', path: '/spec/natOutgoing', value: true },
    { op: 'remove', path: '/metadata/labels/a' },
    { op: 'add', path: '/spec/allowedUses/-', value: 'Tunnel' },
    { op: 'remove', path: '/spec/allowedUses/0' },
    { op: 'remove', path: '/spec/allowedUses/0' },
    { op: 'copy', from: '/metadata/labels/b', path: '/metadata/labels/c~1d' },
    { op: 'move', from: '/metadata/labels/b', path: '/metadata/labels/e' },
  ];
  t.match(await shell.run(['patch', 'pool', 'pool-a', '--type', 'json', '-p', JSON.stringify(operations)]), {
    code: 0,
  });
  const again = await shell.store.get({ kind: 'IPPool', name: 'pool-a' });
  t.match(again?.spec, { natOutgoing: true, allowedUses: ['Tunnel'] });
  t.same(again?.metadata.labels, { 'c/d': '2', e: '2' });
  for (const operation of [
    { op: 'remove', path: '/spec/nothing' },
    { op: 'jump' },
    { op: 'test', path: '/kind', value: 1 },
  ]) {
    t.match(await shell.run(['patch', 'pool', 'pool-a', '-p', JSON.stringify([operation])]), {
      code: 1,
      stderr: /^hit error: /,
    });
  }
  t.match(await shell.run('patch node n9 -p {}'), {
    code: 1,
    stderr: /^hit error: resource does not exist: Node\(n9\)/,
  });
});

t.test('label sets, changes and removes', async (t) => {
  const shell = new Cluster();
  await shell.put(node('n1'));
  const says = async (line: string, text: string): Promise<unknown> => t.equal((await shell.run(line)).stdout, text);
  await says('label nodes n1 rack=a', 'Successfully set label rack on nodes n1\n');
  t.match(await shell.run('label nodes n1 rack=b'), {
    code: 1,
    stderr: /key rack is already present\. please use '--overwrite'/,
  });
  await says('label nodes n1 rack=b --overwrite', 'Successfully updated label rack on nodes n1\n');
  t.same((await shell.store.get({ kind: 'Node', name: 'n1' }))?.metadata.labels, { rack: 'b' });
  await says('label nodes n1 rack --remove', 'Successfully removed label rack from nodes n1\n');
  t.same((await shell.store.get({ kind: 'Node', name: 'n1' }))?.metadata.labels ?? {}, {});
});

t.test('validate needs no datastore', async (t) => {
  const shell = new Cluster({ openStore: async () => Promise.reject(new Error('not to be opened')) });
  t.same(await shell.run('validate -f -', JSON.stringify([pool('a', '10.0.0.0/16'), node('n')])), {
    code: 0,
    stdout: 'Successfully validated 2 resource(s)\n',
    stderr: '',
  });
  t.match(await shell.run('validate -f -', JSON.stringify(pool('a', 'x'))), {
    code: 1,
    stderr: /^failed to validate 'IPPool' resource: \[error with field/,
  });
  const set = (...nets: readonly string[]) =>
    JSON.stringify(newResource('NetworkSet', { name: 's' }, { nets: [...nets] }));
  t.match(await shell.run('validate -f -', set('10.0.0.1/32', '10.0.0.2/32')), { code: 0 });
  t.same(await shell.run('validate -f -', set('10.0.0.1/32', '10.0.0.1/32')), {
    code: 1,
    stdout: '',
    stderr:
      "failed to validate 'NetworkSet' resource: [error with field Nets[1] = '10.0.0.1/32' (Duplicate value: \"10.0.0.1/32\")]\n",
  });
  const source = { nets: ['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8'] };
  const ingress = [{ action: 'Allow' }, { action: 'Deny', source }] as const;
  const policy = JSON.stringify(newResource('GlobalNetworkPolicy', { name: 'p' }, { ingress: [...ingress] }));
  t.match(await shell.run('validate -f -', policy), {
    code: 1,
    stderr: /Ingress\[1\]\.Source\.Nets\[2\] = '10\.0\.0\.0\/8' \(Duplicate value/,
  });
  t.match(await new Cluster().run('create -f -', policy), { code: 0 }, 'no rule of the client');
});

t.test('version', async (t) => {
  const shell = new Cluster();
  const client = /^Client Version: {4}v\d+\.\d+\.\d+\nGit commit: {8}\S+\n$/;
  t.match(await shell.run('version --client'), { code: 0, stdout: client });
  t.match(await shell.run('version'), {
    code: 1,
    stdout: client,
    stderr: /^unable to retrieve Cluster Version or Type: resource does not exist: ClusterInformation\(default\)/,
  });
  await shell.put({
    kind: 'ClusterInformation',
    metadata: { name: 'default' },
    spec: { calicoVersion: 'v9.9.9', clusterType: 'k8s,bgp' },
  });
  t.match(await shell.run('version'), {
    code: 0,
    stdout: /\nCluster Version: {3}v9\.9\.9\nCluster Type: {6}k8s,bgp\n$/,
  });
  t.match(await shell.run('version --poll=often'), { code: 1, stderr: 'invalid poll duration specified: often\n' });
});
