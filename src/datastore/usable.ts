import { reasonOf } from '../base/index.ts';
import type { DatastoreConfig, EtcdConfig } from './config.ts';
import { DatastoreConfigError } from './errors.ts';

/**
 * Refuses what no datastore will ever be reached with, and asks none: keys and certificates of etcd that are none, a
 * kubeconfig that can't be read, an address that is no URL. What stands where the daemon will run, the pod's own account
 * and the home's kubeconfig, is not looked for. Throws `DatastoreConfigError`.
 */
export async function refuseUnusable(config: DatastoreConfig): Promise<void> {
  if (config.type === 'etcdv3') return refuseKeys(config);
  if (config.type !== 'kubernetes') return;
  const { kubeconfig, kubeconfigInline, apiEndpoint } = config;
  if (kubeconfig === undefined && kubeconfigInline === undefined && apiEndpoint === undefined) return;
  const { Access } = await import('./kubernetes/index.ts');
  new Access(config).close();
}

async function refuseKeys({ key, cert, caCert }: EtcdConfig): Promise<void> {
  if (key === undefined && cert === undefined && caCert === undefined) return;
  if ((key === undefined) !== (cert === undefined)) {
    const [there, absent] = key === undefined ? ['etcdCert', 'etcdKey'] : ['etcdKey', 'etcdCert'];
    throw new DatastoreConfigError(`datastore configuration: ${there} needs ${absent}`);
  }
  const [{ createPrivateKey, X509Certificate }, { createSecureContext }] = await Promise.all([
    import('node:crypto'),
    import('node:tls'),
  ]);
  const parts = [
    ['etcdCACert', caCert, (text: string) => new X509Certificate(text)],
    ['etcdCert', cert, (text: string) => new X509Certificate(text)],
    ['etcdKey', key, (text: string) => createPrivateKey(text)],
    ['etcdKey does not belong to etcdCert', key, () => createSecureContext({ key, cert })],
  ] as const;
  for (const [name, text, read] of parts) {
    if (text === undefined) continue;
    try {
      read(text);
    } catch (error) {
      throw new DatastoreConfigError(`datastore configuration: ${name}: ${reasonOf(error)}`, { cause: error });
    }
  }
}
