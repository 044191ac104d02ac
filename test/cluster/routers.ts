import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { needsRoot } from './cluster.ts';

const BIRD = '/usr/sbin/bird';
const ZEBRA = '/usr/lib/frr/zebra';
const BFDD = '/usr/lib/frr/bfdd';
const BGPD = '/usr/lib/frr/bgpd';

/** Becomes a program once a socket is there. */
const ONCE_THERE = 'until [ -S "$0" ]; do sleep 0.05; done; exec "$@"';

/** For tests that run Debian's routers beside the nodes. */
export const needsRouters = {
  skip:
    needsRoot.skip ||
    ([BIRD, ZEBRA].every((program) => existsSync(program)) || process.env['CI']
      ? false
      : 'it needs Debian’s bird2 and frr'),
};

/** A daemon in a namespace of the lab, and how to ask it. */
export interface Router {
  ask(question: string): Promise<string>;
}

/** BIRD in a namespace; it ends with the test. */
export function startBird(t: Test, lab: Lab, namespace: string, config: string): Router {
  const base = `${lab.record.plan.directory}/bird-${namespace}`;
  writeFileSync(`${base}.conf`, config);
  run(t, namespace, [BIRD, '-f', '-c', `${base}.conf`, '-s', `${base}.ctl`, '-P', `${base}.pid`]);
  return { ask: async (question) => output(namespace, ['birdc', '-s', `${base}.ctl`, ...question.split(' ')]) };
}

/** FRR's zebra and bgpd in a namespace, and bfdd where a neighbour is to be watched; they end with the test. */
export function startFrr(t: Test, lab: Lab, namespace: string, config: string): Router {
  const directory = `${lab.record.plan.directory}/frr-${namespace}`;
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(`${directory}/zebra.conf`, '');
  writeFileSync(`${directory}/bfdd.conf`, '');
  writeFileSync(`${directory}/bgpd.conf`, config);
  execFileSync('chown', ['-R', 'frr', directory]);
  const common = (name: string): string[] => [
    ...['-f', `${directory}/${name}.conf`, '-i', `${directory}/${name}.pid`],
    ...['--vty_socket', directory, '-z', `${directory}/zserv.api`, '-P', '0', '--log', `file:${directory}/${name}.log`],
  ];
  run(t, namespace, [ZEBRA, ...common('zebra')]);
  // Who finds no zebra asks again after ten seconds.
  const withZebra = (...command: readonly string[]): void =>
    run(t, namespace, ['sh', '-c', ONCE_THERE, `${directory}/zserv.api`, ...command]);
  if (/ bfd /.test(config)) withZebra(BFDD, ...common('bfdd'), '--bfdctl', `${directory}/bfdd.sock`);
  withZebra(BGPD, ...common('bgpd'));
  return { ask: async (question) => output(namespace, ['vtysh', '--vty_socket', directory, '-c', question]) };
}

function run(t: Test, namespace: string, command: readonly string[]): void {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', ...command], { stdio: 'ignore' });
  t.teardown(() => child.kill());
}

/** What fails is an empty answer: the daemon may not be there yet. */
function output(namespace: string, command: readonly string[]): string {
  try {
    return execFileSync('nsenter', [`--net=/run/netns/${namespace}`, '--', ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
