/**
 * What policy costs the calculation: 1,000 pods of this node among 50,000 of the cluster, 5,000 policies in 500 namespaces,
 * of which each is for one application and lets in one or two others; and how long a label takes to the kernel's
 * acknowledgement, as root. Prints lines of text.
 *
 *     node $(flags of deploy/node-flags.ts) bench/scale-policy.ts       as `npm run bench -- scale-policy` does
 */
import { execFileSync } from 'node:child_process';
import { silentLog, systemClock } from '../src/base/index.ts';
import { Calculation, type SourceUpdate } from '../src/calc/index.ts';
import { FilterReconciler } from '../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../src/dataplane/policy/index.ts';
import { type KindName, newResource, type ResourceOf } from '../src/model/index.ts';
import { openNft } from '../src/nftables/index.ts';

const LOCAL = 1000;
const PODS = 50_000;
const POLICIES = 5000;
const NAMESPACES = 500;
const APPS = 5;
const ROUNDS = 2000;
const WARM_UP = 300;
/** Of changes that go to the kernel. */
const KERNEL_ROUNDS = 500;
const KERNEL_WARM_UP = 20;

const namespaceOf = (pod: number): string => `n${pod % NAMESPACES}`;
const address = (pod: number): string => `10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`;

const appOf = (pod: number): number => Math.floor(pod / NAMESPACES) % APPS;

/** `app`: which application of its namespace it is of. */
function pod(number: number, app = appOf(number)): ResourceOf<'WorkloadEndpoint'> {
  const namespace = namespaceOf(number);
  const name = `web-${number}`;
  const labels = { app: `a${app}`, tier: `t${number % 3}`, 'pod-template-hash': `h${number % 9000}` };
  return newResource(
    'WorkloadEndpoint',
    { name: `node-k8s-${name}-eth0`, namespace, labels },
    {
      orchestrator: 'k8s',
      node: number < LOCAL ? 'node-0' : `node-${1 + (number % 499)}`,
      pod: name,
      endpoint: 'eth0',
      serviceAccountName: 'default',
      ipNetworks: [`${address(number)}/32`],
      interfaceName: `cali${number}`,
      profiles: [`kns.${namespace}`, `ksa.${namespace}.default`],
    },
  );
}

function profile(number: number): ResourceOf<'Profile'> {
  const rules = [{ action: 'Allow' as const }];
  const labelsToApply = { 'pcns.projectcalico.org/name': `n${number}`, 'pcns.team': `t${number % 20}` };
  return newResource('Profile', { name: `kns.n${number}` }, { ingress: rules, egress: rules, labelsToApply });
}

function policy(number: number, port = 80): ResourceOf<'NetworkPolicy'> {
  const app = Math.floor(number / NAMESPACES) % APPS;
  const from = [`app == 'a${(app + 1) % APPS}'`, `app in {'a${app}', 'a${(app + 2) % APPS}'} && tier == 't1'`];
  const everywhere = number % 10 === 0 ? { namespaceSelector: `team == 't${number % 20}'` } : {};
  const ingress = from.slice(0, 1 + (number % 2)).map((selector) => ({
    action: 'Allow' as const,
    protocol: 'TCP',
    source: { selector, ...everywhere },
    destination: { ports: [port] },
  }));
  return newResource(
    'NetworkPolicy',
    { name: `p${number}`, namespace: `n${number % NAMESPACES}` },
    { selector: `app == 'a${app}'`, types: ['Ingress'], ingress },
  );
}

function update(resource: ResourceOf<KindName>): SourceUpdate {
  const { kind, metadata } = resource;
  return { key: { kind: kind as KindName, name: metadata.name, namespace: metadata.namespace }, resource };
}

/** Without keeping any of it. */
function load(calculation: Calculation, count: number, make: (number: number) => ResourceOf<KindName>): void {
  for (let from = 0; from < count; from += 1000) {
    const size = Math.min(1000, count - from);
    calculation.apply(Array.from({ length: size }, (_, at) => update(make(from + at))));
  }
}

/** What is garbage belongs to nobody's figure, and its collection to nobody's time. */
function collect(): void {
  if (globalThis.gc === undefined) throw new Error('run it as `npm run bench -- scale-policy`: it needs --expose-gc');
  globalThis.gc();
}

function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const calculation = new Calculation({ nodename: 'node-0' });
load(calculation, LOCAL, (number) => pod(number));
calculation.desired();
const [memoryBefore, processorBefore] = [memory(), processor()];
load(calculation, NAMESPACES, profile);
load(calculation, PODS - LOCAL, (number) => pod(LOCAL + number));
load(calculation, POLICIES, policy);
const { policy: desired } = calculation.desired();
const took = processor() - processorBefore;
const more = memory() - memoryBefore;
if (desired === undefined) throw new Error('nothing came of it');
console.log(
  `policy: ${PODS} pods, ${LOCAL} of them here, ${POLICIES} policies: ${took.toFixed(2)} s of processor, ` +
    `${more.toFixed(0)} MiB more; ${desired.policies.size} policies, ${desired.classes.size} classes, ${desired.sets.size} sets here`,
);

/** Which application each pod is of, where a change has moved it. */
const moved = new Map<number, number>();

/** The pod as another application's than it is: each of these says something new. */
function relabeled(number: number, turn: number): ResourceOf<'WorkloadEndpoint'> {
  const before = moved.get(number) ?? appOf(number);
  const app = (before + 1 + (turn % (APPS - 1))) % APPS;
  moved.set(number, app);
  return pod(number, app);
}

const CHANGES: Readonly<Record<string, (turn: number) => ResourceOf<KindName>>> = {
  'a label of any pod': (turn) => relabeled((turn * 7919) % PODS, turn),
  'a label of a pod elsewhere': (turn) => relabeled(LOCAL + ((turn * 7919) % (PODS - LOCAL)), turn),
  'a label of a pod here': (turn) => relabeled((turn * 7) % LOCAL, turn),
  'a rule of a policy': (turn) => policy((turn * 31) % POLICIES, 1 + (turn % 60_000)),
  'labels of a namespace': (turn) => {
    const made = profile(turn % NAMESPACES);
    return {
      ...made,
      spec: { ...made.spec, labelsToApply: { ...made.spec.labelsToApply, 'pcns.team': `t${turn % 19}` } },
    };
  },
};

function tell(name: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): string => sorted[Math.floor(sorted.length * part)].toFixed(3);
  console.log(`  ${name.padEnd(44)}${at(0.5)} / ${at(0.99)} ms`);
}

for (const [name, change] of Object.entries(CHANGES)) {
  const times: number[] = [];
  collect();
  for (let turn = 0; turn < WARM_UP + ROUNDS; turn++) {
    const batch = [update(change(turn))];
    const begin = performance.now();
    calculation.apply(batch);
    calculation.desired();
    if (turn >= WARM_UP) times.push(performance.now() - begin);
  }
  tell(name, times);
}

/** From the news of a label to the kernel's acknowledgement of all that follows from it, in a namespace of its own. */
async function toKernel(): Promise<void> {
  const name = `vrt-scale-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  const nft = openNft({ namespace: `/run/netns/${name}` });
  const filter = new FilterReconciler({ nft, clock: systemClock, log: silentLog });
  const kernel = new PolicyReconciler({ filter });
  const bring = (): Promise<void> => {
    const { policy: wanted, workloads } = calculation.desired();
    return kernel.apply(wanted, workloads);
  };
  try {
    await bring();
    for (const what of ['a label of any pod', 'a label of a pod elsewhere', 'a label of a pod here'] as const) {
      const times: number[] = [];
      collect();
      for (let [turn, counted] = [0, 0]; counted < KERNEL_WARM_UP + KERNEL_ROUNDS; turn++) {
        const batch = [update(CHANGES[what](turn))];
        const before = calculation.desired().policy;
        const begin = performance.now();
        calculation.apply(batch);
        await bring();
        const took = performance.now() - begin;
        // Of many labels nothing follows on this node.
        if (calculation.desired().policy !== before && counted++ >= KERNEL_WARM_UP) times.push(took);
      }
      tell(`${what}, to the kernel`, times);
    }
    const failures = kernel.failures();
    if (failures.length > 0) throw new Error(JSON.stringify(failures.slice(0, 3)));
  } finally {
    filter.stop();
    nft.close();
    execFileSync('ip', ['netns', 'del', name]);
  }
}

if (process.getuid?.() === 0) await toKernel();

collect();
const begin = processor();
for (let turn = 0; turn < 2000; turn++) {
  calculation.apply([update(CHANGES['a label of a pod elsewhere'](turn))]);
  calculation.desired();
}
console.log(
  `  100 labels of pods a second${' '.repeat(19)}${(((processor() - begin) / 20) * 100).toFixed(2)} % of a core`,
);
