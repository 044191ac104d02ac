import { Backoff, type Clock, reasonOf, sleep, VERSION } from '../base/index.ts';
import {
  AlreadyExists,
  DatastoreLocked,
  DatastoreUnavailable,
  ensureInitialized,
  NotFound,
  OperationNotSupported,
  refuseLocked,
  type Store,
  Unauthorized,
} from '../datastore/index.ts';
import { type KindName, type Node, newResource, type ResourceOf } from '../model/index.ts';
import { NoAddress } from './autodetect.ts';
import { ensureDefaultPools } from './default-pools.ts';
import { installers } from './installer.ts';
import { AddressInUse, ensureNode, type OwnNodeInputs } from './own-node.ts';

/** Between two looks at what is waited for, in milliseconds: an address is wanted soon after it has come. */
const LONGEST_PAUSE = 5000;
const WHICH = '; does it run, and do ETCD_ENDPOINTS, KUBECONFIG or SQLITE_PATH name the right one?';

export interface RegistrationInputs extends OwnNodeInputs {
  readonly datastoreType?: string;
}

export interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `isAway`: it is the datastore that is waited for, or its unlocking. */
  readonly told: (problem: string, isAway: boolean) => void;
  /** Says what is wrong and what to do, in words of this program's settings. */
  readonly explain?: (error: unknown) => string;
}

/**
 * Makes the node known to the cluster, as calico/node does at its start: the cluster's singletons if they are missing,
 * the Node with its BGP address and AS number, and the default pools if there is none. Resolves with the Node.
 */
export async function register(inputs: RegistrationInputs): Promise<Node> {
  await refuseLocked(inputs.store);
  await ensureSingletons(inputs);
  const node = await ensureNode({ ...inputs, keepsKnown: true });
  await ensureDefaultPools(inputs);
  return node;
}

/**
 * Registers, and waits for what may come by itself: the datastore, the right to use it (an administrator, or another
 * controller of the cluster, gives tokens and roles when it comes to it), its unlocking, its kinds, the Node where kubelet makes it, an
 * address of the host, an address that another node still has. `told` says what is waited for; anything else that is wrong
 * rejects. `signal` ends it in any state.
 */
export async function untilRegistered(inputs: RegistrationInputs, waiting: Waiting): Promise<Node> {
  const { clock, signal, told, explain = reasonOf } = waiting;
  const backoff = new Backoff({ first: 200, max: LONGEST_PAUSE });
  for (let said: string | undefined; ; ) {
    try {
      return await register(inputs);
    } catch (error) {
      if (signal.aborted || !mayComeByItself(error, inputs.config)) throw error;
      const reason = `${explain(error)}${error instanceof DatastoreUnavailable ? WHICH : ''}`;
      told(reason, isAway(error));
      const wait = backoff.next();
      const fields = { reason, retryInSeconds: wait / 1000 };
      if (reason === said) inputs.log.debug(fields, 'still waiting');
      else inputs.log.warn(fields, `waiting: ${reason}`);
      said = reason;
      await sleep(clock, wait, signal);
    }
  }
}

function mayComeByItself(error: unknown, { WAIT_FOR_DATASTORE }: RegistrationInputs['config']): boolean {
  if (error instanceof DatastoreLocked) return true;
  if (isAway(error) || error instanceof NotFound || error instanceof OperationNotSupported) return WAIT_FOR_DATASTORE;
  return error instanceof NoAddress || error instanceof AddressInUse;
}

/** The datastore says nothing to us: it can't be reached, is locked, or won't have us. What was right before still is. */
function isAway(error: unknown): boolean {
  return [DatastoreUnavailable, DatastoreLocked, Unauthorized].some((kind) => error instanceof kind);
}

/** Writes what this node says of itself in its Node again, if it is another now or is not there any more. */
export async function keepNode(inputs: RegistrationInputs): Promise<Node> {
  return ensureNode(inputs);
}

async function ensureSingletons(inputs: RegistrationInputs): Promise<void> {
  const { store, config, datastoreType } = inputs;
  const kubernetes = datastoreType === 'kubernetes' ? ['kdd'] : [];
  const clusterType = [config.CLUSTER_TYPE, ...(await installers(store)), ...kubernetes].join(',');
  await ensureInitialized(store, { calicoVersion: `v${VERSION}`, clusterType });
  await ensure(
    store,
    newResource('FelixConfiguration', { name: 'default' }, { reportingInterval: '0s', logSeverityScreen: 'Info' }),
  );
  await ensure(store, newResource('BGPConfiguration', { name: 'default' }, {}));
}

/** Creates the object unless there is one: somebody else's is as good. */
async function ensure<Kind extends KindName>(store: Store, resource: ResourceOf<Kind>): Promise<void> {
  const { kind, metadata } = resource as ResourceOf<KindName>;
  if ((await store.get({ kind, name: metadata.name })) !== undefined) return;
  try {
    await store.create(resource);
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error;
  }
}
