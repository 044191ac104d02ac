import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { inNamespace, mustRun, run } from '../command.ts';
import { LabError } from '../errors.ts';
import type { Lab } from '../lab.ts';
import type { NodePlan } from '../plan.ts';

/** Routers from Debian's packages bird2 and frr, in a place of the lab; they end with its namespace. */

const BIRD = '/usr/sbin/bird';
const FRR = '/usr/lib/frr';
const FRR_DAEMONS = ['zebra', 'bgpd', 'bfdd'];

/** BIRD's control socket. */
export function birdControl(directory: string, name: string): string {
  return `${directory}/${name}.ctl`;
}

/** Where FRR's daemons have their sockets and logs. */
export function frrDirectory(directory: string, name: string): string {
  return `${directory}/${name}.frr`;
}

/** Starts the router; resolves when it has read its configuration. */
export async function startRouter(lab: Lab, place: NodePlan, kind: 'bird' | 'frr', config: string): Promise<void> {
  const [program, debian] = kind === 'bird' ? [BIRD, 'bird2'] : [`${FRR}/bgpd`, 'frr'];
  if (!existsSync(program)) {
    throw new LabError('NO_COMMAND', `${program} is not installed, for ${place.name}: apt-get install ${debian}`);
  }
  await (kind === 'bird' ? startBird : startFrr)(lab, place, config);
}

async function startBird(lab: Lab, place: NodePlan, config: string): Promise<void> {
  const base = `${lab.record.plan.directory}/${place.name}`;
  const control = birdControl(lab.record.plan.directory, place.name);
  await writeFile(`${base}.conf`, config);
  // A mistake in the configuration is told at once, with its line.
  await mustRun(inNamespace(place.namespace, [BIRD, '-p', '-c', `${base}.conf`]));
  await start(place, [BIRD, '-f', '-c', `${base}.conf`, '-s', control, '-P', `${base}.pid`]);
  await lab.until(`${place.name} to answer`, async () => {
    const { code } = await run(inNamespace(place.namespace, ['birdc', '-s', control, 'show', 'status']));
    return code === 0;
  });
}

async function startFrr(lab: Lab, place: NodePlan, config: string): Promise<void> {
  const directory = frrDirectory(lab.record.plan.directory, place.name);
  await mkdir(directory, { mode: 0o755 });
  await writeFile(`${directory}/frr.conf`, config);
  await writeFile(`${directory}/empty.conf`, '');
  await chmod(`${directory}/frr.conf`, 0o644);
  await mustRun(['chown', '-R', 'frr', directory]);
  for (const name of FRR_DAEMONS) {
    await start(place, [
      ...[`${FRR}/${name}`, '-f', `${directory}/empty.conf`, '-i', `${directory}/${name}.pid`, '-P', '0'],
      ...['--vty_socket', directory, '-z', `${directory}/zserv.api`, '--log', `file:${directory}/${name}.log`],
      ...(name === 'bfdd' ? ['--bfdctl', `${directory}/bfdd.sock`] : []),
    ]);
    // A daemon that does not find zebra tries again only after long.
    await lab.until(`zebra of ${place.name}`, async () => existsSync(`${directory}/zserv.api`));
  }
  const vtysh = ['vtysh', '--vty_socket', directory];
  await lab.until(`${place.name} to answer`, async () => {
    const asked = FRR_DAEMONS.map((name) =>
      run(inNamespace(place.namespace, [...vtysh, '-d', name, '-c', 'show version'])),
    );
    return (await Promise.all(asked)).every(({ code }) => code === 0);
  });
  await mustRun(inNamespace(place.namespace, [...vtysh, '-f', `${directory}/frr.conf`]));
}

async function start(place: NodePlan, command: readonly string[]): Promise<void> {
  const log = await open(place.log, 'a');
  const [file, ...args] = inNamespace(place.namespace, command);
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
  child.on('error', () => {});
  await log.close();
}
