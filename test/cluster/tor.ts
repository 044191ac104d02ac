import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Test } from 'tap';
import type { Lab, NodePlan } from '../../src/lab/index.ts';
import { needsRoot } from './cluster.ts';

const BIRD = '/usr/sbin/bird';
export const needsBird = {
  skip: needsRoot.skip || (existsSync(BIRD) || process.env['CI'] ? false : 'it needs Debian’s bird2'),
};

/** BIRD on a host of the lab. `configure` gives it another text. */
export interface Tor {
  ask(command: string): Promise<string>;
  configure(config: string): Promise<void>;
}

/** Starts BIRD on a host of the lab, as its top-of-rack switch; it ends with the test. */
export async function startTor(t: Test, lab: Lab, host: NodePlan, config: string): Promise<Tor> {
  const { directory } = lab.record.plan;
  const files = { config: `${directory}/${host.name}.conf`, control: `${directory}/${host.name}.ctl` };
  await writeFile(files.config, config);
  const words = [`--net=/run/netns/${host.namespace}`, '--', BIRD, '-f', '-c', files.config, '-s', files.control];
  const bird: ChildProcess = spawn('nsenter', words);
  t.teardown(() => bird.kill());
  const ask = async (command: string): Promise<string> =>
    (await lab.exec(host.name, ['birdc', '-s', files.control, ...command.split(' ')])).stdout;
  return {
    ask,
    configure: async (to) => {
      await writeFile(files.config, to);
      await ask('configure');
    },
  };
}
