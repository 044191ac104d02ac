import * as z from 'zod';
import type { FieldError } from '../errors.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf, singleton } from './definition.ts';
import { anyCase, duration, filled, labels, name, oneOf, pattern, selector } from './field.ts';
import { cidr } from './network-field.ts';

const switchable = oneOf('Enabled', 'Disabled');
const reconciler = z.looseObject({ reconcilerPeriod: duration.optional() });

const template = z.looseObject({
  generateName: name.optional(),
  interfaceCIDRs: z.array(filled(cidr)).optional(),
  interfacePattern: pattern.optional(),
  labels: labels.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  nodeSelector: selector.optional(),
});

const controllers = z.looseObject({
  node: z
    .looseObject({
      reconcilerPeriod: duration.optional(),
      syncLabels: switchable.optional(),
      leakGracePeriod: duration.optional(),
      hostEndpoint: z
        .looseObject({
          autoCreate: switchable.optional(),
          createDefaultHostEndpoint: switchable.optional(),
          templates: z.array(template).optional(),
        })
        .optional(),
    })
    .optional(),
  policy: reconciler.optional(),
  workloadEndpoint: reconciler.optional(),
  serviceAccount: reconciler.optional(),
  namespace: reconciler.optional(),
  loadBalancer: z.looseObject({ assignIPs: oneOf('AllServices', 'RequestedServicesOnly').optional() }).optional(),
  policyMigration: z.looseObject({ enabled: switchable.optional() }).optional(),
  migration: z.looseObject({ policyNameMigrator: switchable.optional() }).optional(),
});

export const kubeControllersConfiguration = defineKind({
  kind: 'KubeControllersConfiguration',
  plural: 'kubecontrollersconfigurations',
  aliases: [
    'kubecontrollersconfiguration',
    'kubecontrollersconfigurations',
    'kubecontrollersconfig',
    'kubecontrollersconfigs',
  ],
  namespaced: false,
  name: singleton,
  rules: (_name, spec) => templateErrors(spec),
  spec: z.looseObject({
    logSeverityScreen: anyCase('None', 'Debug', 'Info', 'Warning', 'Error', 'Fatal', 'Panic').optional(),
    healthChecks: switchable.optional(),
    etcdV3CompactionPeriod: duration.optional(),
    prometheusMetricsPort: z.number().int().min(0).max(65535).optional(),
    debugProfilePort: z.number().int().min(0).max(65535).optional(),
    controllers: controllers.optional(),
  }),
});

export type KubeControllersConfiguration = Resource<
  'KubeControllersConfiguration',
  SpecOf<typeof kubeControllersConfiguration>
>;

/** Names of host endpoints are made of a template's: it has one, which no other has, and says which interfaces it is for. */
function templateErrors(spec: unknown): readonly FieldError[] {
  const { controllers } = spec as KubeControllersConfiguration['spec'];
  const place = 'KubeControllersConfiguration.Node.HostEndpoint.Templates';
  const seen = new Set<string>();
  return (controllers?.node?.hostEndpoint?.templates ?? []).flatMap(({ generateName, ...template }) => {
    if (!generateName) return [{ name: place, value: undefined, reason: 'Template name must be specified' }];
    const wrong = (reason: string): FieldError => ({ name: `${place}.${generateName}`, value: undefined, reason });
    const isTaken = seen.has(generateName);
    seen.add(generateName);
    const isFor = (template.interfaceCIDRs?.length ?? 0) > 0 || Boolean(template.interfacePattern);
    return [
      ...(isTaken ? [wrong('Template name must be unique')] : []),
      ...(isFor ? [] : [wrong('InterfaceCIDRs or InterfacePattern must be specified')]),
    ];
  });
}
