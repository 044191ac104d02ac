import { reasonOf } from '../../../base/index.ts';
import type { Unauthorized } from '../../../datastore/index.ts';
import { CommandError } from '../../errors.ts';

/** What the API server does not allow, and what would have to be allowed. */
export function lacking(error: Unauthorized): CommandError {
  const message = `${reasonOf(error)}; the test takes an administrator's kubeconfig: it reads nodes, daemonsets and events, makes and removes namespaces, pods, services, policies and caliconodestatuses, and reads pods/log`;
  return new CommandError(message, { cause: error });
}
