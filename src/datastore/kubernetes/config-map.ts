import { parseJson } from '../../model/index.ts';
import { Unauthorized } from '../errors.ts';
import type { KubeObject, KubernetesClient } from './client.ts';
import { isUnknownKind } from './meaning.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

/**
 * One of `kube-system`, as it is now. Undefined where there is none; a role that doesn't know of it is as good, and is not
 * waited for.
 */
export async function readConfigMap(
  client: KubernetesClient,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const text = await client.text(`/api/v1/namespaces/kube-system/configmaps/${encodeURIComponent(name)}`);
    return (parseJson(text) as ConfigMap).data ?? {};
  } catch (error) {
    if (isUnknownKind(error) || error instanceof Unauthorized) return undefined;
    throw error;
  }
}
