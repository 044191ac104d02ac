import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Where Kubernetes puts a pod's own token and the API server's certificate authority. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The kubeconfig that Calico's configuration names, with the token of this pod's service account: for plugins and people
 * who read it. Our own plugin asks the daemon and needs no token. Undefined outside Kubernetes.
 */
export function kubeconfig(env: Env, serviceAccount: string): string | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const token = join(serviceAccount, 'token');
  if (!host || !existsSync(token)) return undefined;
  const { KUBERNETES_SERVICE_PROTOCOL: protocol = 'https', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const server = `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authority = env['KUBE_CA_FILE'] || join(serviceAccount, 'ca.crt');
  const trust =
    env['SKIP_TLS_VERIFY'] === 'true'
      ? { 'insecure-skip-tls-verify': true }
      : { 'certificate-authority-data': readFileSync(authority).toString('base64') };
  // JSON is YAML too.
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'local', cluster: { server, ...trust } }],
      users: [{ name: 'calico', user: { token: readFileSync(token, 'utf8').trim() } }],
      contexts: [{ name: 'calico-context', context: { cluster: 'local', user: 'calico' } }],
      'current-context': 'calico-context',
    },
    undefined,
    2,
  )}\n`;
}
