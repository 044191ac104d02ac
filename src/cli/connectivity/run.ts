import type { Clock } from '../../base/index.ts';
import { reasonOf } from '../../base/index.ts';
import type { Store } from '../../datastore/index.ts';
import { FactFinder } from './facts.ts';
import { type ConnectivityFinding, findings } from './findings.ts';
import { type ConnectivityCheck, plan } from './plan.ts';
import type { ProbeOutcome } from './probe.ts';
import type { StageWishes, TestPod, TestStage, TestTarget } from './stage.ts';
import { makeTestPolicy, removeTestPolicy } from './test-policy.ts';

export interface ConnectivityWishes extends Omit<StageWishes, 'patience'> {
  /** Seconds: for each answer. Pods have a minute more to come up. */
  readonly timeout: number;
  /** Targets that the user names. */
  readonly targets: readonly TestTarget[];
}

/** Milliseconds that pods have beyond the time for one answer. */
const FOR_PODS = 60_000;
/** Milliseconds that a node has to say why something fails. */
const FOR_FACTS = 4000;

/** The whole test: pods are made, everything is tried, failures are explained, and all is taken away again. */
export async function testConnectivity(
  stage: TestStage,
  store: Store,
  clock: Clock,
  { timeout, targets, ...wishes }: ConnectivityWishes,
): Promise<readonly ConnectivityFinding[]> {
  const { tell } = wishes;
  const patience = timeout * 1000;
  let namespace: string | undefined;
  try {
    tell(`making pods (${stage.name})`);
    const pods = await stage.prepare({ ...wishes, patience: patience + FOR_PODS });
    const policed = pods.find(({ role, trouble }) => role === 'policed' && trouble === undefined);
    if (policed !== undefined) {
      namespace = policed.namespace;
      await makeTestPolicy(store, namespace);
    }
    const usable = pods.filter(({ trouble }) => trouble === undefined);
    const checks = plan({ pods: usable, targets: [...(await stage.targets()), ...targets], patience });
    tell(`trying ${checks.length} ways between ${usable.length} pods`);
    const outcomes = await askAll(stage, checks, tell);
    const finder = new FactFinder({ store, clock, patience: FOR_FACTS });
    const found = await findings(checks, outcomes, (check) => finder.about(check));
    return [...pods.flatMap(unmade), ...found];
  } finally {
    tell('taking the pods away');
    if (namespace !== undefined) await removeTestPolicy(store, namespace);
    await stage.close();
  }
}

async function askAll(
  stage: TestStage,
  checks: readonly ConnectivityCheck[],
  tell: (text: string) => void,
): Promise<ReadonlyMap<number, ProbeOutcome>> {
  const outcomes = new Map<number, ProbeOutcome>();
  await Promise.all(
    [...Map.groupBy(checks, ({ from }) => from)].map(async ([client, own]) => {
      const probes = own.map(({ probe }) => probe);
      // One that can't be asked has no outcomes, which is a failure of each.
      const said = await stage.ask(client, probes).catch((error) => {
        tell(`${client.name}: ${reasonOf(error)}`);
        return [];
      });
      for (const outcome of said) outcomes.set(outcome.id, outcome);
    }),
  );
  return outcomes;
}

function unmade({ name, namespace, node, role, trouble }: TestPod): readonly ConnectivityFinding[] {
  if (trouble === undefined) return [];
  return [
    {
      check: 'pod-starts',
      result: 'failure',
      from: node,
      to: `${namespace}/${name}`,
      detail: `the test's ${role} on ${node}`,
      reason: trouble,
      next: `see why pods do not start on ${node}: vrouter status there, and the log of its container runtime`,
    },
  ];
}
