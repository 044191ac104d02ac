import { Document, isMap, isPair, isScalar, type Scalar, visit } from 'yaml';
import * as z from 'zod';
import { daemonSetTemplate } from './daemonset.ts';
import { type Edit, splice } from './splice.ts';
import { VALUES } from './values.ts';

export const HEAD = '# Made by `node deploy/helm/write.ts`.\n';

/** The Chart.yaml of this version of vRouter: the chart and what it installs have one version. */
export function chartFile(version: string, description: string): string {
  const chart = {
    apiVersion: 'v2',
    name: 'vrouter',
    description,
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: '>=1.24.0-0',
    keywords: ['cni', 'bgp', 'calico', 'networking', 'network-policy'],
  };
  return HEAD + new Document(chart).toString();
}

/** What the values are when nobody says anything, each with what it is for. */
export function valuesFile(): string {
  const document = new Document(VALUES.parse({}));
  visit(document, {
    Pair(_, pair, path) {
      const keys = [...path.filter(isPair), pair].map(({ key }) => (key as Scalar).value as string);
      const said = schemaAt(keys)?.description;
      if (said !== undefined && isScalar(pair.key)) pair.key.commentBefore = ` ${said}`;
    },
    Map(_, map) {
      if (map.items.length === 0) map.flow = true;
    },
    Seq(_, list) {
      if (list.items.length === 0 || !list.items.every(isMap)) list.flow = true;
    },
  });
  return HEAD + document.toString({ lineWidth: 120 });
}

/** What holds the values to what they may be; Helm asks it before it renders anything. */
export function valuesSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(VALUES, { target: 'draft-7', io: 'input' }), null, 2)}\n`;
}

function schemaAt(keys: readonly string[]): z.ZodType | undefined {
  let schema: z.ZodType | undefined = VALUES;
  for (const key of keys) {
    while (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) schema = schema.unwrap() as z.ZodType;
    schema = schema instanceof z.ZodObject ? (schema.shape[key] as z.ZodType | undefined) : undefined;
  }
  return schema;
}

const NAMESPACE: Edit = { kind: 'set', path: ['metadata', 'namespace'], text: '{{ .Release.Namespace }}' };
const SUBJECT: Edit = { kind: 'set', path: ['subjects', 0, 'namespace'], text: '{{ .Release.Namespace }}' };

/** The chart's templates, by name, from the manifests for `kubectl apply`. */
export function templates(daemonSet: string, rbac: string): ReadonlyMap<string, string> {
  const [account, role, binding, secrets, secretsBinding] = rbac.split(/^---\n/m);
  const names: Edit = {
    kind: 'set',
    path: ['rules', 0, 'resourceNames'],
    text: '{{ toJson .Values.bgp.passwordSecrets }}',
  };
  return new Map([
    ['daemonset.yaml', daemonSetTemplate(daemonSet)],
    ['rbac.yaml', [splice(account, [NAMESPACE]), role, splice(binding, [SUBJECT])].join('---\n')],
    [
      // With no name in it the role would be about all secrets.
      'bgp-secrets.yaml',
      `{{- if .Values.bgp.passwordSecrets }}\n${[splice(secrets, [NAMESPACE, names]), splice(secretsBinding, [NAMESPACE, SUBJECT])].join('---\n')}{{- end }}\n`,
    ],
  ]);
}
