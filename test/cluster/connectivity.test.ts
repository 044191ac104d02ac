import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { runTest } from '../../src/cli/index.ts';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { labStage } from '../../src/lab/index.ts';
import { testNamespaces } from '../../src/lab/test-stage.ts';
import { terminal } from '../cli/top/terminal.ts';
import { blocksOf, cluster, needsRoot, patchPool } from './cluster.ts';
import { MAIN } from './program.ts';

interface Finding {
  readonly check: string;
  readonly result: string;
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}

t.test('vrouter test connectivity: all is well; then what is broken is named', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const [one, two] = lab.pods;
  const test = async (...words: readonly string[]) => {
    let text = '';
    const argv = ['connectivity', '--lab', lab.record.plan.name, '-o', 'json', '--timeout', '30', ...words];
    const code = await runTest(argv, { lab: (name) => labStage(name, MAIN) }, { stdout: (more) => (text += more) });
    const findings = JSON.parse(text) as readonly Finding[];
    return { code, findings, failed: findings.filter(({ result }) => result === 'failure') };
  };
  const told = ['--pods', `${one.name},lab/${two.name}`, '--timeout', '3'];

  await t.test('pods of its own, on each node, through policy', async (t) => {
    const { code, findings, failed } = await test();
    t.same(failed, []);
    t.equal(code, 0);
    t.same(
      Object.fromEntries([...Map.groupBy(findings, ({ check }) => check)].map(([kind, of]) => [kind, of.length])),
      {
        'pod-same-node': 4,
        'pod-other-node': 4,
        mtu: 4,
        'policy-allowed': 4,
        'policy-denied': 4,
      },
    );
    t.same(await testNamespaces(lab.record), [], 'nothing is left');
    const { stdout } = await lab.calicoctl('node1', ['get', 'networkpolicy', '-A', '-o', 'json']);
    t.same(JSON.parse(stdout).items, [], 'nor its policy');
  });

  await t.test('vrouter top shows a node of it in a terminal', async (t) => {
    const { press, sees, ended } = terminal(t, lab.node('node1').socket);
    t.match(await sees(/172\.18\.0\.12 .*Established/), /Node node1: (ok|degraded)/);
    press(':pods\r');
    await sees(`lab/${one.name}`);
    press('q');
    t.equal(await ended, 0);
  });

  await t.test('a host outside with a server and a resolver, which know no way to pods', async (t) => {
    const { namespace, address: cidr } = await lab.addHost('outside');
    const [address] = cidr.split('/');
    const running = async (...words: readonly string[]): Promise<() => Promise<unknown>> => {
      const [command, ...rest] = inNamespace(namespace, [process.execPath, ...words]);
      const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(createInterface({ input: child.stdout }), 'line');
      const end = async (): Promise<void> => {
        if (child.signalCode !== null || !child.kill('SIGKILL')) return;
        await once(child, 'exit');
      };
      t.teardown(end);
      return end;
    };
    await running(MAIN, '__probe', 'serve', 'outside', '443');
    const endResolver = await running('test/fakes/dns-answerer.ts', address, 'a.test=192.0.2.7');
    const ask = (name: string) => test(...told, '--outside', `${address}:443`, '--dns', `${name}@${address}`);
    const reasons = (failed: readonly Finding[]): readonly string[] => [
      ...new Set(failed.map(({ check, reason }) => `${check}: ${reason}`)),
    ];
    t.match(reasons((await ask('a.test')).failed).toSorted(), [
      /^dns: the resolver does not answer: 172\.18\.0\.\d+, UDP port 53 \(silence\)$/,
      /^outside: nothing comes back .*: pods of default-ipv4-ippool go out with their own addresses, since its natOutgoing is off/,
    ]);
    await patchPool(lab, { natOutgoing: true });
    await lab.until('pods to go out as their node', async () => (await ask('a.test')).failed.length === 0);

    t.match(reasons((await ask('b.test')).failed), [/^dns: the resolver .* answers that there is no such name/]);
    await endResolver();
    t.match(reasons((await ask('a.test')).failed), [/^dns: nobody listens at the resolver: .* refuses/]);
  });

  await t.test('a policy that denies', async (t) => {
    const policy = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: lockdown, namespace: lab}
spec: {selector: all(), types: [Ingress], ingress: [{action: Deny, protocol: TCP}, {action: Allow}]}
`;
    await lab.calicoctl('node1', ['apply', '-f', '-'], policy);
    await lab.until('it to be in force', async () => {
      const { failed } = await test(...told);
      return failed.length === 2;
    });
    const { code, failed } = await test(...told);
    t.equal(code, 1);
    t.same(new Set(failed.map(({ check }) => check)), new Set(['pod-other-node']));
    for (const { reason } of failed)
      t.match(reason, /policy denies it: ingress of lab\/.*Deny rule 0 of NetworkPolicy lab\/lockdown/);
    await lab.calicoctl('node1', ['delete', 'networkpolicy', 'lockdown', '-n', 'lab']);
    await lab.until('it to be gone', async () => (await test(...told)).failed.length === 0);
  });

  await t.test('a hop that takes less than the pods send', async (t) => {
    const hop = (mtu: string) => mustRun(['ip', '-n', lab.record.plan.fabric, 'link', 'set', 'to-node2', 'mtu', mtu]);
    await hop('1300');
    const { failed } = await test(...told);
    t.same(new Set(failed.map(({ check }) => check)), new Set(['mtu']));
    t.match(failed[0]?.reason, /more than 130\d octets with DF do not pass, though the pods' MTU is 1500; and no ICMP/);
    await hop('1500');
  });

  await t.test('a rule of somebody else that comes before the routes', async (t) => {
    const [block] = await blocksOf(lab, 'node2');
    const rule = (verb: string) =>
      mustRun(['ip', '-n', lab.node('node1').namespace, 'rule', verb, 'to', block, 'prohibit', 'pref', '50']);
    await rule('add');
    const { failed } = await test(...told);
    t.ok(failed.some(({ from }) => from.includes('node1')));
    t.notMatch(failed.find(({ from }) => from.includes('node1'))?.reason, /has no route/);
    await rule('del');
  });

  await t.test('a route that is gone, and the daemon that would put it back', async (t) => {
    const [block] = await blocksOf(lab, 'node2');
    await lab.endDaemon('node1');
    await mustRun(inNamespace(lab.node('node1').namespace, ['ip', 'route', 'del', block]));
    const { failed } = await test(...told);
    const reasons = failed.filter(({ from }) => from.includes('node1')).map(({ reason }) => reason);
    // Whether the kernel also says that there is no way rests on how many it has told so already, within seconds: `findings.test.ts`
    // has that sentence.
    t.ok(reasons.length > 0);
    for (const reason of reasons) t.match(reason, /daemon (of node1 )?does not answer/);
  });
});
