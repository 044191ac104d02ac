import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needsRoot } from '../../fakes/namespaces.ts';

const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];

/** The folder that `KUBEBUILDER_ASSETS` names. */
export const assets = process.env['KUBEBUILDER_ASSETS'] ?? '';

const missing = PROGRAMS.filter((program) => !existsSync(join(assets, program)));

/** Options of a test that needs all of Kubernetes. */
export const needsKubernetes =
  missing.length === 0 ? needsRoot : { skip: `it needs KUBEBUILDER_ASSETS, a folder with ${missing.join(', ')}` };
