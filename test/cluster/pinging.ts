import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Pinging {
  /** Sequence numbers of the replies so far. */
  readonly replies: readonly number[];
  /** Ends it, and resolves with all replies. */
  readonly stop: () => Promise<readonly number[]>;
}

/** Fifty echoes a second from the namespace, until it is stopped. */
export function startPing(namespace: string, address: string): Pinging {
  const replies: number[] = [];
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', 'ping', '-n', '-i', '0.02', address]);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const [, sequence] of text.matchAll(/icmp_seq=(\d+) ttl/g)) replies.push(Number(sequence));
  });
  const exit = once(child, 'close');
  return {
    replies,
    stop: async () => {
      child.kill('SIGINT');
      await exit;
      return replies;
    },
  };
}

/** Sequence numbers before the last reply that had none. */
export function missing(replies: readonly number[]): readonly number[] {
  const seen = new Set(replies);
  return Array.from({ length: Math.max(...replies) }, (_, index) => index + 1).filter(
    (sequence) => !seen.has(sequence),
  );
}
