import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { audit, readAuditInput } from '../../../ipam/index.ts';
import { formatJson } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { storeOptions } from '../options.ts';
import { checkText } from './check-text.ts';
import { reportOf } from './report.ts';

interface CheckOptions extends StoreOptions {
  readonly output?: string;
  readonly showAllIps?: boolean;
  readonly showProblemIps?: boolean;
}

export function checkCommand(io: Io): Command {
  return storeOptions(new Command('check'))
    .description('Compare what IPAM has given out with what nodes and workloads use.')
    .option('-o, --output <FILE>', 'write a report for `ipam release --from-report` to this file')
    .option('--show-all-ips', 'list every address')
    .option('--show-problem-ips', 'list the addresses that something is wrong with')
    .option('--kubeconfig <KUBECONFIG>', 'file with the configuration of the Kubernetes client')
    .action(async (options: CheckOptions & { readonly kubeconfig?: string }) => {
      const { kubeconfig } = options;
      const world = kubeconfig === undefined ? io : { ...io, env: { ...io.env, KUBECONFIG: kubeconfig } };
      await withStore(world, options, async ({ store, clock }) => {
        const cluster = await store.get({ kind: 'ClusterInformation', name: 'default' });
        if (cluster === undefined) throw new CommandError('resource does not exist: ClusterInformation(default)');
        const input = { ...(await readAuditInput(store)), wallTime: clock.wallTime() };
        const pools = (await store.list('IPPool')).items;
        const report = audit(input);
        const showAll = options.showAllIps ?? false;
        io.stdout(
          checkText(input, report, pools, { showAll, showProblems: showAll || (options.showProblemIps ?? false) }),
        );
        if (options.output === undefined) return;
        const handles = (await store.list('IPAMHandle')).items;
        await writeFile(resolve(io.cwd, options.output), `${formatJson(reportOf(cluster, report, handles), 2)}\n`);
      });
    });
}
