import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { parseAddress, reasonOf } from '../../../base/index.ts';
import { NotFound, type Store, UpdateConflict } from '../../../datastore/index.ts';
import { Ipam } from '../../../ipam/index.ts';
import { handleName, parseJson } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import type { Context } from '../../resources/context.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { CLIENT_VERSION } from '../../version.ts';
import { storeOptions } from '../options.ts';
import { addressOf } from './address.ts';
import { type LeakedHandle, type Report, type ReportedAllocation, reportSchema } from './report.ts';

interface ReleaseOptions extends StoreOptions {
  readonly ip?: string;
  readonly fromReport?: readonly string[];
  readonly force?: boolean;
}

export function releaseCommand(io: Io): Command {
  const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];
  return storeOptions(new Command('release'))
    .description('Take back an address, or all that reports of `ipam check` found to be leaked.')
    .option('--ip <IP>', 'the address to take back')
    .option('--from-report <REPORT>', 'a report; of several, only what is leaked in all of them', collect)
    .option('--force', 'although the datastore is not locked, or the report is of another version')
    .action(async (options: ReleaseOptions) => {
      const ip = options.ip === undefined ? undefined : addressOf(options.ip);
      const files = options.fromReport ?? [];
      const reports = await Promise.all(files.map(async (file) => ({ file, report: await readReport(io, file) })));
      await withStore(io, options, async (context) => {
        if (reports.length > 0) await releaseLeaked(io, context, reports, options.force ?? false);
        else if (ip !== undefined) await releaseOne(io, context, ip);
      });
    });
}

async function releaseOne(io: Io, { store, clock }: Context, ip: string): Promise<void> {
  const unknown = await new Ipam({ store, clock }).releaseIps([{ address: parseAddress(ip) }]);
  if (unknown.length > 0) throw new CommandError(`IP address ${ip} is not assigned`);
  io.stdout(`Successfully released IP address ${ip}\n`);
}

interface NamedReport {
  readonly file: string;
  readonly report: Report;
}

async function readReport(io: Io, file: string): Promise<Report> {
  try {
    return reportSchema.parse(parseJson(await readFile(resolve(io.cwd, file), 'utf8')));
  } catch (error) {
    throw new CommandError(`unable to read report ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

async function releaseLeaked(io: Io, context: Context, reports: readonly NamedReport[], force: boolean): Promise<void> {
  await checkReports(io, context.store, reports, force);
  const contents = reports.map(({ report }) => report);
  const leaked = leakedInAll(contents);
  if (leaked.length > 0) await releaseAddresses(io, context, leaked);
  else io.stdout("Report didn't contain any leaked IPs to clean up.\n");
  const handles = idleInAll(contents);
  if (handles.length > 0) await deleteHandles(io, context.store, handles);
  else io.stdout("Report didn't contain any handles to clean up.\n");
  io.stdout('You may now unlock the data store.\n');
}

/** A report must be of this cluster, of this version, and one of them of this moment, with nobody writing since. */
async function checkReports(io: Io, store: Store, reports: readonly NamedReport[], force: boolean): Promise<void> {
  const cluster = await store.get({ kind: 'ClusterInformation', name: 'default' });
  if (cluster === undefined) throw new CommandError('resource does not exist: ClusterInformation(default)');
  for (const { file, report } of reports) {
    if (report.clusterGUID !== (cluster.spec.clusterGUID ?? '')) {
      throw new CommandError(
        `cluster does not match the provided report (${file}): mismatched cluster GUID. Refusing to release`,
      );
    }
    if (report.version === CLIENT_VERSION) continue;
    const made = `using a different version (${report.version}) of calicoctl`;
    if (!force) throw new CommandError(`the provided report (${file}) was produced ${made}. Refusing to release`);
    io.stdout('WARNING: Report was produced using a different version of calicoctl. Ignoring due to --force option\n');
  }
  if (!reports.some(({ report }) => report.clusterInformationRevision === cluster.metadata.resourceVersion)) {
    throw new CommandError(
      'the provided reports are all stale - at least one should be up-to-date. ' +
        'Please generate a new report while the data store is locked and try again',
    );
  }
  if (cluster.spec.datastoreReady === false) return;
  if (!force) {
    throw new CommandError('data store is not locked. Either lock the data store, or re-run with --force');
  }
  io.stdout('WARNING: Data store is not locked. Ignoring due to --force option\n');
}

function leakedInAll(reports: readonly Report[]): readonly ReportedAllocation[] {
  const leaked = (report: Report): readonly ReportedAllocation[] =>
    Object.values(report.allocations)
      .flat()
      .filter(({ inUse }) => !inUse);
  const [last, ...earlier] = reports.map(leaked).reverse();
  return last.filter(({ ip }) => earlier.every((others) => others.some((other) => other.ip === ip)));
}

function idleInAll(reports: readonly Report[]): readonly LeakedHandle[] {
  const [last, ...earlier] = reports.map(({ leakedHandles }) => leakedHandles ?? []).reverse();
  const same = (a: LeakedHandle, b: LeakedHandle): boolean => a.ID === b.ID && a.Revision === b.Revision;
  return last.filter((handle) => earlier.every((others) => others.some((other) => same(handle, other))));
}

async function releaseAddresses(
  io: Io,
  { store, clock }: Context,
  leaked: readonly ReportedAllocation[],
): Promise<void> {
  io.stdout(`Releasing ${leaked.length} old IPs...\n`);
  const requests = leaked.map(({ ip, handle, sequenceNumber }) => ({
    address: parseAddress(ip),
    handleId: handle,
    sequenceNumber: sequenceNumber === undefined ? undefined : BigInt(sequenceNumber),
  }));
  try {
    const gone = await new Ipam({ store, clock }).releaseIps(requests);
    io.stdout(`Released ${leaked.length - gone.length} IPs successfully\n`);
    if (gone.length > 0) {
      io.stdout(`${gone.length} addresses marked as leaked in the report had already been cleaned up.\n`);
    }
  } catch (error) {
    io.stdout(
      `An error occurred while releasing some IPs: ${reasonOf(error)}.  Problems are often caused by an ` +
        'out-of-date IPAM report.  Try regenerating the IPAM report and retry.\n',
    );
  }
}

/** One sign for each handle, so that one sees it getting on. */
async function deleteHandles(io: Io, store: Store, handles: readonly LeakedHandle[]): Promise<void> {
  io.stdout(`Deleting ${handles.length} handles...\n`);
  io.stdout("Key: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n");
  let released = 0;
  let skipped = 0;
  let failed = 0;
  for (const { ID, UID, Revision } of handles) {
    try {
      const precondition = { resourceVersion: Revision, uid: UID ?? undefined };
      await store.delete({ kind: 'IPAMHandle', name: handleName(ID) }, precondition);
      released++;
      io.stdout('.');
    } catch (error) {
      if (error instanceof NotFound || error instanceof UpdateConflict) {
        skipped++;
        io.stdout('x');
      } else {
        failed++;
        io.stdout(`\nDeleting handle ${ID} failed: ${reasonOf(error)}.\n`);
      }
    }
  }
  io.stdout(`\nReleased ${released} handles; ${skipped} skipped; ${failed} errors.\n`);
}
