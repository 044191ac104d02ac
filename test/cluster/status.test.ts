import t, { type Test } from 'tap';
import * as z from 'zod';
import { explainedEntrySchema } from '../../src/control/answers.ts';
import { type ExplainedEntry, request } from '../../src/control/index.ts';
import type { Lab } from '../../src/lab/index.ts';
import { blocksOf, cluster, needsRoot, patchPool, podsOf } from './cluster.ts';
import { MAIN } from './program.ts';

type What = 'routes' | 'endpoints' | 'nat' | 'tunnels';

async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

/** What the daemon of node1 says. */
function status(lab: Lab, what: What): Promise<readonly ExplainedEntry[]> {
  return request(lab.node('node1').socket, { op: what }, z.array(explainedEntrySchema));
}

/** `vrouter status` says the same, as JSON, and as a table with a line for each entry. */
async function printed(t: Test, lab: Lab, what: What): Promise<void> {
  const entries = await status(lab, what);
  t.same(JSON.parse(await output(lab, 'node1', `${process.execPath} ${MAIN} status ${what} -o json`)), entries);
  const [head, ...lines] = (await output(lab, 'node1', `${process.execPath} ${MAIN} status ${what}`))
    .trimEnd()
    .split('\n');
  t.match(head, /^ENTRY +WANTED +PRESENT +WHY$/);
  const columns = lines.map((line) => line.split(/ {2,}/));
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  t.same(
    columns,
    entries.map(({ text, wanted, present, why }) => [text.replaceAll(/\s+/g, ' '), yes(wanted), yes(present), why]),
  );
}

/** What is said of each entry, by the beginning of its text. */
function reasons(entries: readonly ExplainedEntry[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(({ text, why }) => [text.split(/ (?:dev|via|proto) /)[0], why]));
}

/** Routes of ours as the kernel has them, without what it adds to IPv6 ones. */
async function kernelRoutes(lab: Lab): Promise<readonly string[]> {
  const texts = await Promise.all(['-4', '-6'].map((family) => output(lab, 'node1', `ip ${family} route`)));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.includes(' proto 80'));
  return lines
    .map((line) =>
      line
        .replace(/ metric 1024/, '')
        .replace(/ pref medium/, '')
        .replace(/ dev lo /, ' ')
        .trim(),
    )
    .sort();
}

t.test('vrouter status explains each entry: wanted, present, why', needsRoot, async (t) => {
  const environment = { CALICO_IPV4POOL_VXLAN: 'Always', CALICO_IPV4POOL_NAT_OUTGOING: 'true' };
  const lab = await cluster(t, { nodes: 2, pods: 1, dualStack: true, environment });
  const [pod] = podsOf(lab, 'node1');
  const endpoint = 'endpoint lab/node1-k8s-node1--p1-eth0';
  const [own4, own6] = [false, true].map(async (six) =>
    (await blocksOf(lab, 'node1')).find((block) => block.includes(':') === six),
  );
  const [other4, other6] = [false, true].map(async (six) =>
    (await blocksOf(lab, 'node2')).find((block) => block.includes(':') === six),
  );

  await t.test('routes: what the kernel has, each with its reason', async (t) => {
    const entries = await status(lab, 'routes');
    t.same(entries.map(({ text }) => text.trim()).sort(), await kernelRoutes(lab));
    t.ok(entries.every(({ wanted, present }) => wanted && present));
    t.same(reasons(entries), {
      [`${pod.address}`]: endpoint,
      [`${pod.address6}`]: endpoint,
      [`blackhole ${await own4}`]: 'own block: addresses that no pod has lead nowhere',
      [`blackhole ${await own6}`]: 'own block: addresses that no pod has lead nowhere',
      [`${await other4}`]: 'VXLAN: block of node2',
      [`${await other6}`]: 'BGP: next hop fd00:172:18::12, local preference 2147482623',
    });
    await printed(t, lab, 'routes');
  });

  await t.test('endpoints', async (t) => {
    const [entry, ...more] = await status(lab, 'endpoints');
    t.same(more, []);
    t.match(entry, { wanted: true, present: true, why: endpoint });
    t.match(entry.text, `${pod.address}/32`);
    t.match(entry.text, `${pod.address6}/128`);
    await printed(t, lab, 'endpoints');
  });

  await t.test('tunnels: the device, and both entries for the node behind it', async (t) => {
    const entries = await status(lab, 'tunnels');
    t.ok(entries.every(({ wanted, present }) => wanted && present));
    t.match(
      entries.map(({ why }) => why),
      ['pool default-ipv4-ippool: vxlanMode Always', 'node node2', 'node node2'],
    );
    t.match(entries[0].text, /^vxlan\.calico vxlan id 4096 local 172\.18\.0\.11 dev eth0 /);
    await printed(t, lab, 'tunnels');
  });

  await t.test('nat: each rule of the kernel’s tables', async (t) => {
    const entries = await status(lab, 'nat');
    t.ok(entries.every(({ wanted, present, why }) => wanted && present && why !== ''));
    const ruleset = await output(lab, 'node1', 'nft list ruleset');
    t.equal(entries.length, ruleset.match(/ comment "/g)?.length);
    t.match(entries.map(({ text }) => text).join('\n'), /^ip vrouter-nat .*masquerade/m);
    const untracked = entries.filter(({ text }) => /^ip vrouter-encapsulation .*notrack$/.test(text));
    t.match(untracked, [{ why: 'VXLAN between nodes is not tracked' }, { why: 'VXLAN between nodes is not tracked' }]);
    await printed(t, lab, 'nat');
  });

  await t.test('what is not there is said, with the reason', async (t) => {
    const [{ text }] = await status(lab, 'endpoints');
    const name = /cali[0-9a-f]{11}/.exec(text)?.[0];
    await output(lab, 'node1', `ip link set ${name} down`);
    await lab.until('the pod to be back by itself', async () => {
      const isUp = (await output(lab, 'node1', `ip link show ${name}`)).includes(',UP');
      return isUp && (await status(lab, 'endpoints'))[0].present;
    });

    await output(lab, 'node1', 'ip link add tunl0 type bridge');
    await patchPool(lab, { vxlanMode: 'Never', ipipMode: 'Always' });
    const refused = await lab.until('IPIP to be refused', async () =>
      (await status(lab, 'tunnels')).find(({ why }) => /it is no IPIP device; rename or remove it/.test(why)),
    );
    t.match(refused, { text: /^tunl0/, wanted: true, present: false });
    await lab.until('the other node to be reached by VXLAN as before, and not in clear', async () => {
      const found = (await status(lab, 'routes')).map((route) => route.text);
      const ways = found.filter((line) => line.startsWith('10.244.') && line.includes(' via '));
      return ways.length === 1 && ways[0].includes(' dev vxlan.calico ');
    });
    await printed(t, lab, 'tunnels');

    await output(lab, 'node1', `ip link del ${name}`);
    const missing = await lab.until('the pod to be cut off', async () => {
      const [entry] = await status(lab, 'endpoints');
      return /missing/.test(entry.why) ? entry : undefined;
    });
    t.match(missing, { wanted: true, present: false });
    t.notOk((await status(lab, 'routes')).some((route) => route.text.startsWith(`${pod.address} `)));
  });
});
