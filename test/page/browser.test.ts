import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Page } from 'puppeteer-core';
import t, { type Test } from 'tap';
import { inNamespace } from '../../src/lab/command.ts';
import type { Lab, NodePlan } from '../../src/lab/index.ts';
import { cluster, needsRoot, podsOf } from '../cluster/cluster.ts';
import { MAIN } from '../cluster/program.ts';
import { accessibilityFaults, chromium, complaintsOf, overhang, PATIENCE, screenshot } from './chromium.ts';

/** The page of a node in a real Chromium, with two nodes, their pods, a policy and a peer that does not answer behind it. */

const OBJECTS = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: closed }
spec:
  order: 10
  selector: all()
  types: [Ingress]
  ingress:
  - { action: Deny, protocol: ICMP }
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: { name: node.node1 }
spec: { flowLogsLocalReporter: Enabled }
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: nobody }
spec: { peerIP: 192.0.2.1, asNumber: 64999 }
`;

interface ViewTested {
  /** Where the page is, unless the node's own is meant. */
  readonly at?: string;
  readonly path: string;
  /** What is to be read there. */
  readonly says: readonly RegExp[];
}

t.test('the page of a node, in Chromium', needsRoot, async (t) => {
  // The second is a problem that stays, however long this takes.
  const lab = await cluster(t, {
    nodes: 2,
    pods: 1,
    environment: { VROUTER_POLICY_RULE_COUNTERS: 'true', FELIX_BPFENABLED: 'true' },
  });
  const created = await lab.calicoctl('node1', ['create', '-f', '-'], OBJECTS);
  t.equal(created.code, 0, created.stderr);
  const [[pod], [other]] = [podsOf(lab, 'node1'), podsOf(lab, 'node2')];
  const [node, second] = lab.nodes;
  const neighbour = second.address.split('/')[0];
  const browser = await chromium(t, node.namespace);
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  page.setDefaultTimeout(PATIENCE);

  const VIEWS: Readonly<Record<string, ViewTested>> = {
    overview: { path: '', says: [/Sessions up\s+1 of 2/, /Problems/, /FELIX_BPFENABLED/, /datastore/] },
    sessions: { path: '#/sessions', says: [/Established/, /node-to-node mesh/, new RegExp(neighbour)] },
    neighbour: {
      path: `#/sessions?peer=${neighbour}&routes=received`,
      says: [/Comings and goings/, /up/, /10\.244\./],
    },
    addresses: { path: '#/addresses', says: [/addresses in use, in 2 blocks/, /node2/] },
    routes: { path: '#/routes?find=bgp', says: [/next hop/, /there/] },
    search: {
      path: `#/search?address=${other.address}`,
      says: [/node2/, /Pod or host endpoint/, /best/, /proto 80/, /Who had it/],
    },
    drops: { path: '#/drops?find=closed', says: [/Dropped now/, /Deny rule 0 of GlobalNetworkPolicy closed/] },
    flows: { path: '#/flows?verdict=DENIED', says: [/icmp/i, /lab\/node2-p1/, /GlobalNetworkPolicy closed/] },
    timeline: { path: '#/timeline?pod=lab/node1-p1', says: [/node1 has it/, /ADD/, /done/] },
    policies: { path: '#/policies', says: [/GlobalNetworkPolicy closed/, /deny/] },
  };

  const visit = async ({ at = 'http://localhost:9099/', path, says }: ViewTested): Promise<void> => {
    await page.goto(`${at}${path}`);
    for (const words of says) await shows(page, words);
  };

  const CLUSTER: Readonly<Record<string, ViewTested>> = {
    'cluster-nodes': {
      path: '',
      says: [/cluster of 2 nodes/, /node1/, /1 of 2/, /Problems of node1/, /FELIX_BPFENABLED/],
    },
    'cluster-node': { path: '#/overview?node=node2', says: [/All nodes/, /Established/, /node-to-node mesh/] },
    'cluster-sessions': { path: '#/sessions', says: [/192\.0\.2\.1/, /Established/, /Active/] },
    'cluster-addresses': { path: '#/addresses', says: [/in 2 blocks/] },
    'cluster-search': {
      path: `#/search?address=${other.address}`,
      says: [/Ways of node1/, /Ways of node2/, /lab\/node2-p1/],
    },
    'cluster-timeline': { path: '#/timeline?pod=lab/node2-p1', says: [/node2 has it/, /ADD/] },
    'cluster-drops': {
      path: '#/drops?find=closed',
      says: [/Dropped now/, /node1\s+\S+\s+lab\/node2-p1[\s\S]*icmp/, /Deny rule 0 of GlobalNetworkPolicy closed/],
    },
    'cluster-flows': { path: '#/flows?verdict=DENIED', says: [/node1/, /lab\/node2-p1/, /GlobalNetworkPolicy closed/] },
  };
  const { web, end } = await servedCluster(t, lab, node);
  // Somebody knocks all the time, whoever listens by then.
  let isOver = false;
  const knocking = (async () => {
    while (!isOver) await lab.ping(other, `${pod.address}`);
  })();
  t.teardown(async () => {
    isOver = true;
    await knocking;
  });
  const pages = [
    ...Object.entries(VIEWS),
    ...Object.entries(CLUSTER).map(([name, view]) => [name, { ...view, at: web }] as const),
  ];

  for (const [name, view] of pages) {
    t.test(`${name}: says what is so, in light and dark, on a telephone and on a wall`, async (t) => {
      await page.setViewport({ width: 1280, height: 900 });
      await visit(view);
      for (const scheme of ['light', 'dark']) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        t.same(await accessibilityFaults(page), [], `axe-core finds nothing, ${scheme}`);
        await screenshot(page, `${name}-${scheme}`);
      }
      for (const [width, height] of [
        [360, 640],
        [1101, 900],
        [3840, 2160],
      ]) {
        await page.setViewport({ width, height });
        t.equal(await overhang(page), 0, `nothing is cut off at ${width}`);
        if (width === 360) {
          t.same(await accessibilityFaults(page), [], 'axe-core finds nothing on a telephone');
          await screenshot(page, `${name}-360`);
        }
      }
      t.same(complaints, [], 'the browser has nothing to complain of');
    });
  }

  t.test('what is looked for stands in the address bar, and a link shows others the same', async (t) => {
    await page.setViewport({ width: 1280, height: 900 });
    await visit(VIEWS['routes']);
    await page.locator('#find').fill('blackhole');
    await page.waitForFunction(
      '/own block/.test(document.body.innerText) && !/next hop/.test(document.body.innerText)',
    );
    t.match(page.url(), /#\/routes\?find=blackhole/);
    await page.reload();
    await page.waitForFunction("document.querySelector('#find')?.value === 'blackhole'");
  });

  t.test('the keyboard alone leads everywhere', async (t) => {
    await visit(VIEWS['overview']);
    await page.keyboard.press('/');
    await page.waitForFunction("location.hash === '#/search'");
    await page.waitForSelector('#address');
    await page.keyboard.press('/');
    await page.keyboard.type(`${pod.address}`);
    await page.keyboard.press('Enter');
    await page.waitForFunction('/Pod or host endpoint/.test(document.body.innerText)');
    t.match(page.url(), new RegExp(`address=${pod.address}`));
    t.same(await focusOrder(page, 3), ['To the content', 'vRouter', 'Overview']);
  });

  t.test('the page of the cluster ends in order', async (t) => {
    t.equal(await end(), 0);
  });

  t.test('a session that ends is seen without a look, and so is a daemon that is gone', async () => {
    await visit(VIEWS['overview']);
    await lab.endDaemon('node2');
    await page.waitForFunction('/Sessions up\\s+0 of 2/.test(document.body.innerText)');
    await lab.endDaemon('node1');
    await page.waitForFunction('/it is tried again/.test(document.body.innerText)');
  });
});

/** Waits until it is to be read on the page. */
async function shows(page: Page, words: RegExp): Promise<void> {
  try {
    await page.waitForFunction(`${words}.test(document.body.innerText)`);
  } catch (error) {
    throw new Error(`${words} is not in: ${await page.evaluate('document.body.innerText')}`, { cause: error });
  }
}

/** What the first steps of the tabulator lead to. */
async function focusOrder(page: Page, steps: number): Promise<readonly unknown[]> {
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)');
  await page.reload();
  await page.waitForSelector('.views a');
  const names: unknown[] = [];
  for (let step = 0; step < steps; step++) {
    await page.keyboard.press('Tab');
    names.push(await page.evaluate('document.activeElement.textContent'));
  }
  return names;
}

/** `vrouter web` in a node's place; resolves with its address, and how to end it. */
async function servedCluster(
  t: Test,
  lab: Lab,
  { name, namespace }: NodePlan,
): Promise<{ readonly web: string; readonly end: () => Promise<number | null> }> {
  const environment = { DATASTORE_TYPE: 'sqlite', SQLITE_PATH: lab.record.plan.datastore };
  const [command, ...args] = inNamespace(namespace, [process.execPath, MAIN, 'web', '--port', '0', '--timeout', '60']);
  const web = spawn(command, args, { env: { ...process.env, ...environment, NODENAME: name } });
  const ended = new Promise<number | null>((resolve) => web.once('close', resolve));
  const end = (): Promise<number | null> => {
    web.kill();
    return ended;
  };
  t.teardown(end);
  web.stderr.pipe(process.stderr);
  for await (const line of createInterface(web.stdout)) return { web: line, end };
  throw new Error('vrouter web has ended');
}
