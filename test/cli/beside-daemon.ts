import { join } from 'node:path';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { Io } from '../../src/cli/index.ts';
import { ControlServer, type Request, RequestRefused } from '../../src/control/index.ts';
import { directory } from './harness.ts';

type Tap = Parameters<typeof directory>[0];

/** What the daemon answers, by the op of the request: a value, or an error. */
export type Answers = Readonly<Record<string, unknown>>;
type Run = (argv: readonly string[], io: Partial<Io>) => Promise<number>;

/** Runs a command beside a daemon that answers so, or where there is none; with what it was asked. */
export async function beside(
  t: Tap,
  run: Run,
  argv: readonly string[],
  answers: Answers | undefined,
  now = 0,
  io: Partial<Io> = {},
) {
  const socket = join(await directory(t, {}), 'd.sock');
  const asked: Request[] = [];
  if (answers !== undefined) {
    const answer = async (request: Request): Promise<unknown> => {
      asked.push(request);
      const known = answers[request.op];
      if (known === undefined) throw new RequestRefused('UNKNOWN', `no answer to ${request.op}`);
      if (known instanceof Error) throw known;
      return known;
    };
    const server = await ControlServer.listen(socket, answer, silentLog);
    t.teardown(() => server.close());
  }
  let [stdout, stderr] = ['', ''];
  const code = await run(argv, {
    env: { VROUTER_SOCKET: socket, DATASTORE_TYPE: 'memory' },
    uid: 0,
    clock: new VirtualClock(now),
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    ...io,
  });
  return { code, stdout, stderr, asked };
}
