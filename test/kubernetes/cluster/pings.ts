import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RealCluster } from './cluster.ts';
import { pidOf } from './processes.ts';
import type { SeenPod } from './view.ts';

/** Pings that go on until they are counted. */
export interface Pings {
  /** Ends them: how many were sent, and how many were answered. */
  count(): Promise<{ readonly sent: number; readonly answered: number }>;
}

/** Ten pings a second from one pod to another; resolves with the first answer. They need neither kubelet nor API server. */
export async function ping(cluster: RealCluster, from: SeenPod, to: SeenPod): Promise<Pings> {
  const node = cluster.nodes.find(({ name }) => name === from.node);
  if (node === undefined || to.address === undefined) throw new Error(`no way from ${from.name} to ${to.name}`);
  const pid = await pidOf(node, from.name, { kind: 'sandbox' });
  const words = [`--target=${pid}`, '--net', 'ping', '-i', '0.1', to.address];
  const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(line));
  while (!lines.some((line) => line.includes('ttl='))) await once(output, 'line');
  return {
    count: async () => {
      const closed = once(output, 'close');
      child.kill('SIGINT');
      await closed;
      const counts = /(\d+) packets transmitted, (\d+) received/.exec(lines.join('\n'));
      return { sent: Number(counts?.[1]), answered: Number(counts?.[2]) };
    },
  };
}
