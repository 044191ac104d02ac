import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseAddress } from '../../src/base/index.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { parseJson } from '../../src/model/index.ts';
import { Cluster, directory, node, pool } from './harness.ts';

/** Two nodes, a pool of four blocks, an address for a pod on each, the second's pod known as a workload. */
async function cluster(): Promise<Cluster> {
  const cluster = new Cluster();
  await cluster.put({ kind: 'ClusterInformation', metadata: { name: 'default' }, spec: { clusterGUID: 'abc' } });
  await cluster.put(pool('pool-a', '10.0.0.0/24'));
  const ipam = new Ipam({ store: cluster.store, clock: cluster.clock });
  for (const [index, name] of ['n1', 'n2'].entries()) {
    await cluster.put(node(name));
    const attributes = { node: name, pod: `pod-${index}`, namespace: 'default' };
    const address = parseAddress(`10.0.0.${index * 64 + 5}`);
    await ipam.assignIp(address, { hostname: name, handleId: `k8s-pod-network.${index}`, attributes });
  }
  await cluster.put({
    kind: 'WorkloadEndpoint',
    metadata: { name: 'n2-k8s-pod--1-eth0', namespace: 'default' },
    spec: {
      ...{ orchestrator: 'k8s', node: 'n2', pod: 'pod-1', endpoint: 'eth0' },
      ...{ interfaceName: 'cali1', ipNetworks: ['10.0.0.69/32'] },
    },
  });
  return cluster;
}

t.test('ipam show tells how full pools and blocks are', async (t) => {
  const { stdout } = await (await cluster()).run('ipam show --show-blocks');
  t.equal(
    stdout,
    `+----------+--------------+-----------+------------+-----------+
| GROUPING |     CIDR     | IPS TOTAL | IPS IN USE | IPS FREE  |
+----------+--------------+-----------+------------+-----------+
| IP Pool  | 10.0.0.0/24  |       256 | 2 (1%)     | 254 (99%) |
| Block    | 10.0.0.0/26  |        64 | 1 (2%)     | 63 (98%)  |
| Block    | 10.0.0.64/26 |        64 | 1 (2%)     | 63 (98%)  |
+----------+--------------+-----------+------------+-----------+
`,
  );
});

t.test('ipam show of a pool too large to spell out', async (t) => {
  const cluster = new Cluster();
  await cluster.put(pool('big', '10.0.0.0/8'));
  await cluster.put(pool('six', 'fd00::/64'));
  const { stdout } = await cluster.run('ipam show');
  t.match(stdout, '| IP Pool  | 10.0.0.0/8 | 1.6777e+07 | 0 (0%)     | 1.6777e+07 (100%) |');
  t.match(stdout, '1.8447e+19');
});

t.test('ipam show tells whose an address is', async (t) => {
  const shell = await cluster();
  t.equal(
    (await shell.run('ipam show --ip=10.0.0.5')).stdout,
    `IP 10.0.0.5 is in use
Handle ID: k8s-pod-network.0
Active Owner Attributes:
  namespace: default
  node: n1
  pod: pod-0
`,
  );
  t.same(await shell.run('ipam show --ip=10.0.0.9'), { code: 0, stdout: '10.0.0.9 is not assigned\n', stderr: '' });
  t.match(await shell.run('ipam show --ip=10.0.0'), { code: 1, stderr: 'invalid IP address specified: 10.0.0\n' });
});

t.test('ipam show finds what is borrowed', async (t) => {
  const shell = await cluster();
  const ipam = new Ipam({ store: shell.store, clock: shell.clock });
  const attributes = { node: 'n2', pod: 'web', namespace: 'shop' };
  await ipam.assignIp(parseAddress('10.0.0.7'), { hostname: 'n2', handleId: 'h', attributes });
  await ipam.assignIp(parseAddress('10.0.0.8'), { hostname: 'n1', handleId: 'old' });
  t.equal(
    (await shell.run('ipam show --show-borrowed')).stdout,
    `+----------+----------------+-------------+-------------+------+--------------+
|    IP    | BORROWING-NODE |    BLOCK    | BLOCK OWNER | TYPE | ALLOCATED-TO |
+----------+----------------+-------------+-------------+------+--------------+
| 10.0.0.7 | n2             | 10.0.0.0/26 | n1          | pod  | shop/web     |
+----------+----------------+-------------+-------------+------+--------------+

Note: found 1 IP allocations without an explicit node association. Unable to determine if they are borrowed.
`,
  );
});

t.test('ipam configure changes what ipam show shows', async (t) => {
  const shell = new Cluster();
  t.same(await shell.run('ipam configure --strictaffinity=true --max-blocks-per-host=4'), {
    code: 0,
    stdout: 'Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 4\n',
    stderr: '',
  });
  t.equal(
    (await shell.run('ipam show --show-configuration')).stdout,
    `+------------------------------+-----------+
|           PROPERTY           |   VALUE   |
+------------------------------+-----------+
| StrictAffinity               | true      |
| AutoAllocateBlocks           | true      |
| MaxBlocksPerHost             |         4 |
| KubeVirtVMAddressPersistence | "Enabled" |
| IPCooldownSeconds            |         0 |
+------------------------------+-----------+
`,
  );
  const wrong: Readonly<Record<string, RegExp>> = {
    '--strictaffinity=perhaps': /^invalid value\. Use true or false to set strictaffinity/,
    '--max-blocks-per-host=many': /^invalid value for maxblockhost\. Use a valid number/,
    '--kubevirt-ip-persistence=on': /Use Enabled or Disabled/,
    '': /^at least one configuration option must be specified/,
    '--ip-cooldown-seconds=99999': /^error: error with field/,
  };
  for (const [option, says] of Object.entries(wrong)) {
    t.match(await shell.run(`ipam configure ${option}`), { code: 1, stderr: says }, option);
  }
});

t.test('ipam release gives an address back', async (t) => {
  const shell = await cluster();
  t.same(await shell.run('ipam release --ip=10.0.0.5'), {
    code: 0,
    stdout: 'Successfully released IP address 10.0.0.5\n',
    stderr: '',
  });
  t.match(await shell.run('ipam release --ip=10.0.0.5'), { code: 1, stderr: 'IP address 10.0.0.5 is not assigned\n' });
});

t.test('ipam check finds what leaked, section by section', async (t) => {
  const { code, stdout } = await (await cluster()).run('ipam check --show-problem-ips');
  t.equal(code, 0);
  t.equal(
    stdout,
    `Checking IPAM for inconsistencies...

Loading all IPAM blocks...
Found 2 IPAM blocks.
 IPAM block 10.0.0.0/26 affinity=host:n1:
 IPAM block 10.0.0.64/26 affinity=host:n2:
IPAM blocks record 2 allocations.

Loading all IPAM pools...
  10.0.0.0/24
Found 1 active IP pools.

Loading all nodes.
Found 0 node tunnel IPs.

Loading all service load balancer IPs.
Found 0 service load balancer(s).

Loading all workload endpoints.
Found 1 workload IPs.
Workloads and nodes are using 1 IPs.

Loading all handles
Looking for top (up to 20) nodes by allocations...
  n1 has 1 allocations
  n2 has 1 allocations
Node with most allocations has 1; median is 1

Scanning for IPs that are allocated but not actually in use...
  10.0.0.5 leaked; attrs Main:k8s-pod-network.0 Extra:namespace=default,node=n1,pod=pod-0
Found 1 IPs that are allocated in IPAM but not actually in use.
Scanning for IPs that are in use by a workload or node but not allocated in IPAM...
Found 0 in-use IPs that are not in active IP pools.
Found 0 in-use IPs that are in active IP pools but have no corresponding IPAM allocation.

Scanning for IPAM handles with no matching IPs...
Found 0 handles with no matching IPs (and 2 handles with matches).
Scanning for IPs with missing handle...
Found 0 handles mentioned in blocks with no matching handle resource.
Validating IPAMBlock structures...
Found 0 invalid IPAMBlocks.
Check complete; found 1 problems.
`,
  );
});

t.test('ipam check tells of addresses that IPAM does not know', async (t) => {
  const shell = await cluster();
  for (const [name, network] of Object.entries({ a: '10.0.0.200/32', b: '192.0.2.1/32', c: '10.0.0.69/32' })) {
    await shell.put({
      kind: 'WorkloadEndpoint',
      metadata: { name: `n1-k8s-${name}-eth0`, namespace: 'default' },
      spec: {
        ...{ orchestrator: 'k8s', node: 'n1', pod: name, endpoint: 'eth0' },
        ...{ interfaceName: `cali${name}`, ipNetworks: [network] },
      },
    });
  }
  const { stdout } = await shell.run('ipam check --show-all-ips');
  t.match(stdout, '  10.0.0.69 has multiple owners.\n');
  t.match(stdout, '  192.0.2.1 in use by Workload(default/b) is not in any active IP pool.\n');
  t.match(stdout, '  10.0.0.200 in use by Workload(default/a) and in active IPAM pool but has no IPAM allocation.\n');
  t.match(stdout, '  10.0.0.69 belongs to Workload(default/pod-1)\n');
  t.match(stdout, '  10.0.0.5 allocated; attrs Main:k8s-pod-network.0 Extra:');
});

t.test('a report of what leaked is what release takes', async (t) => {
  const shell = await cluster();
  await shell.put({
    kind: 'IPAMHandle',
    metadata: { name: 'idle' },
    spec: { handleID: 'idle', block: { '10.0.0.0/26': 1 } },
  });
  const file = join(await directory(t, {}), 'report.json');
  await shell.run('datastore migrate lock');
  await shell.run(['ipam', 'check', '-o', file]);
  const report = parseJson(await readFile(file, 'utf8')) as {
    allocations: Record<string, object[]>;
    leakedHandles: object[];
  };
  t.match(report, { clusterGUID: 'abc', datastoreLocked: true });
  t.match(report.allocations['10.0.0.5'], [
    { ip: '10.0.0.5', handle: 'k8s-pod-network.0', pod: 'pod-0', inUse: false },
  ]);
  t.match(report.leakedHandles, [{ ID: 'idle' }]);
  t.same(await shell.run(['ipam', 'release', '--from-report', file]), {
    code: 0,
    stdout:
      'Releasing 1 old IPs...\nReleased 1 IPs successfully\nDeleting 1 handles...\n' +
      "Key: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n.\nReleased 1 handles; 0 skipped; 0 errors.\n" +
      'You may now unlock the data store.\n',
    stderr: '',
  });
  t.match(await shell.run(['ipam', 'release', '--from-report', file]), {
    code: 0,
    stdout:
      /An error occurred while releasing some IPs: .*\nDeleting 1 handles\.\.\.\n.*\nx\nReleased 0 handles; 1 skipped/,
  });
  await shell.run('datastore migrate unlock');
  t.match(await shell.run(['ipam', 'release', '--from-report', file]), { code: 1, stderr: /reports are all stale/ });
  const fresh = join(await directory(t, {}), 'report.json');
  await shell.run(['ipam', 'check', '-o', fresh]);
  t.match(await shell.run(['ipam', 'release', '--from-report', fresh]), {
    code: 1,
    stderr: /data store is not locked/,
  });
  t.match(await shell.run(['ipam', 'release', '--from-report', fresh, '--force']), { code: 0, stdout: /WARNING/ });
});

t.test('ipam split makes pools of equal size out of one', async (t) => {
  const shell = await cluster();
  t.match(await shell.run('ipam split --name=pool-a 2'), { code: 1, stderr: /^datastore is not locked\. Run/ });
  await shell.run('datastore migrate lock');
  t.same(await shell.run('ipam split --cidr=10.0.0.0/24 4'), {
    code: 0,
    stdout:
      'IP Pool pool-a was successfully split into 4 smaller pools.\n' +
      [0, 1, 2, 3].map((index) => `Created split-pool-a-${index} with CIDR 10.0.0.${index * 64}/26.\n`).join('') +
      'Please refer to the documentation for final steps.\n',
    stderr: '',
  });
  t.same(
    (await shell.store.list('IPPool')).items.map(({ metadata }) => metadata.name),
    ['split-pool-a-0', 'split-pool-a-1', 'split-pool-a-2', 'split-pool-a-3'],
  );
  t.match(await shell.run('ipam split --name=split-pool-a-0 2'), { code: 1, stderr: /is not large enough/ });
  t.match(await shell.run('ipam split --name=split-pool-a-0 3'), { code: 1, stderr: /not a valid power of 2/ });
  t.match(await shell.run('ipam split 2'), { code: 1, stderr: /^no name or CIDR provided/ });
});
