import * as z from 'zod';
import type { AuditReport } from '../../../ipam/index.ts';
import type { ClusterInformation, IPAMHandle } from '../../../model/index.ts';
import { CLIENT_VERSION } from '../../version.ts';

const allocation = z.looseObject({
  ip: z.string(),
  handle: z.string().optional(),
  sequenceNumber: z.union([z.bigint(), z.number()]).optional(),
  inUse: z.boolean(),
});

const leakedHandle = z.looseObject({ ID: z.string(), UID: z.string().nullish(), Revision: z.string() });

/** The report of `ipam check -o`, as far as `ipam release --from-report` needs it. */
export const reportSchema = z.looseObject({
  version: z.string(),
  clusterGUID: z.string(),
  datastoreLocked: z.boolean(),
  clusterInformationRevision: z.string(),
  clusterType: z.string(),
  allocations: z.record(z.string(), z.array(allocation)),
  leakedHandles: z.array(leakedHandle).optional(),
});
export type Report = z.infer<typeof reportSchema>;
export type ReportedAllocation = z.infer<typeof allocation>;
export type LeakedHandle = z.infer<typeof leakedHandle>;

export function reportOf(cluster: ClusterInformation, report: AuditReport, handles: readonly IPAMHandle[]): Report {
  const { spec, metadata } = cluster;
  const idle = new Set(report.findings.filter(({ code }) => code === 'EMPTY_HANDLE').map(({ subject }) => subject));
  const leakedHandles = handles
    .filter((handle) => idle.has(handle.spec.handleID))
    .map((handle) => ({
      ID: handle.spec.handleID,
      UID: handle.metadata.uid ?? null,
      Revision: handle.metadata.resourceVersion ?? '',
    }));
  return {
    version: CLIENT_VERSION,
    clusterGUID: spec.clusterGUID ?? '',
    datastoreLocked: spec.datastoreReady === false,
    clusterInformationRevision: metadata.resourceVersion ?? '',
    clusterType: spec.clusterType ?? '',
    allocations: allocationsOf(report),
    ...(leakedHandles.length > 0 && { leakedHandles }),
  };
}

function allocationsOf({ allocations }: AuditReport): Report['allocations'] {
  const entries = allocations.map((found) => {
    const { pod, namespace, node, type, timestamp } = found.attributes;
    const entry = {
      ip: found.address,
      handle: found.handle,
      sequenceNumber: BigInt(found.sequenceNumber),
      pod,
      namespace,
      node,
      type,
      creationTimestamp: timestamp,
      // Addresses that are cooling down go back by themselves.
      inUse: found.inUse || found.coolingDown,
      borrowed: found.borrowed || undefined,
      coolingDown: found.coolingDown || undefined,
      owners: found.owners,
    };
    return [found.address, [entry]] as [string, ReportedAllocation[]];
  });
  return Object.fromEntries(entries);
}
