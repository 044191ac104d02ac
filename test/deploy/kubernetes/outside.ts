import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { MAIN } from '../../cluster/program.ts';
import { makeNamespace } from '../../fakes/namespaces.ts';
import type { ClusterNode } from './cluster.ts';

/** The address of a host outside of the cluster, and where it listens. */
export const OUTSIDE = '203.0.113.1';
export const OUTSIDE_PORT = 443;

/** A host that every machine has its default route to, and that knows the way to the machines, but to no pod. */
export async function hostOutside(t: Test, nodes: readonly ClusterNode[]): Promise<void> {
  const { name, remove } = makeNamespace();
  let server: ChildProcess | undefined;
  t.teardown(async () => {
    if (server !== undefined) {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
    remove();
  });
  const ip = (namespace: string, ...words: readonly string[]): Promise<string> =>
    mustRun(['ip', '-n', namespace, ...words]);
  await ip(name, 'link', 'set', 'lo', 'up');
  await ip(name, 'addr', 'add', `${OUTSIDE}/32`, 'dev', 'lo');
  for (const [at, { machine, address }] of nodes.entries()) {
    const { namespace } = machine;
    const link = `to-node${at + 1}`;
    // A link without addresses of its own: a node that finds its address by itself keeps the one that it has.
    await mustRun(['ip', 'link', 'add', link, 'netns', name, 'type', 'veth', 'peer', 'eth1', 'netns', namespace]);
    await ip(name, 'link', 'set', link, 'up');
    await ip(name, 'route', 'add', `${address}/32`, 'dev', link, 'src', OUTSIDE);
    await ip(namespace, 'link', 'set', 'eth1', 'up');
    await ip(namespace, 'route', 'add', `${OUTSIDE}/32`, 'dev', 'eth1', 'src', address);
    await ip(namespace, 'route', 'add', 'default', 'via', OUTSIDE, 'dev', 'eth1', 'src', address);
  }
  const words = [process.execPath, MAIN, '__probe', 'serve', 'outside', String(OUTSIDE_PORT)];
  const [command, ...args] = inNamespace(name, words);
  server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: server.stdout! }), 'line');
}
