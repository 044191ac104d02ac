import * as z from 'zod';

/** The parts of Kubernetes' own objects that the test reads. */

const waiting = z.looseObject({ reason: z.string().optional(), message: z.string().optional() });

export const podAnswer = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default('default') }),
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z
      .array(z.looseObject({ ports: z.array(z.looseObject({ containerPort: z.number() })).optional() }))
      .default([]),
  }),
  status: z
    .looseObject({
      phase: z.string().optional(),
      podIP: z.string().optional(),
      podIPs: z.array(z.looseObject({ ip: z.string() })).optional(),
      containerStatuses: z
        .array(z.looseObject({ state: z.looseObject({ waiting: waiting.optional() }).optional() }))
        .optional(),
    })
    .default({}),
});
export type PodAnswer = z.infer<typeof podAnswer>;

export const podsAnswer = z.looseObject({ items: z.array(podAnswer) });

export const namesAnswer = z.looseObject({
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })),
});

export const eventsAnswer = z.looseObject({
  items: z.array(z.looseObject({ type: z.string().optional(), message: z.string().optional() })),
});

export const serviceAnswer = z.looseObject({ spec: z.looseObject({ clusterIP: z.string().optional() }).default({}) });

export const daemonSetsAnswer = z.looseObject({
  items: z.array(
    z.looseObject({
      spec: z.looseObject({
        template: z.looseObject({
          spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string().optional() })) }),
        }),
      }),
    }),
  ),
});

/** All addresses of a pod. */
export function addressesOfPod({ status }: PodAnswer): readonly string[] {
  const all = status.podIPs?.map(({ ip }) => ip) ?? [];
  return all.length > 0 || status.podIP === undefined ? all : [status.podIP];
}

/** Why a pod does not run, as far as it says so itself. */
export function waitingReason({ status }: PodAnswer): string | undefined {
  for (const { state } of status.containerStatuses ?? []) {
    const { reason, message } = state?.waiting ?? {};
    if (message !== undefined || reason !== undefined) return [reason, message].filter(Boolean).join(': ');
  }
  return undefined;
}
