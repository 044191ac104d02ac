import { spawn } from 'node:child_process';
import type { Test } from 'tap';
import { MAIN } from '../../cluster/program.ts';

/** `vrouter top` in a terminal of its own, whose letters can be waited for. */
export function terminal(t: Test, socket: string, env: NodeJS.ProcessEnv = {}) {
  const command = `stty rows 20 cols 90; exec '${process.execPath}' '${MAIN}' top`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', VROUTER_SOCKET: socket, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  let wake = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    wake();
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return {
    press: (keys: string) => child.stdin.write(keys),
    /** Resolves to all that has come, once it has this. */
    sees: async (text: string | RegExp): Promise<string> => {
      const from = said;
      for (;;) {
        const at = typeof text === 'string' ? said.indexOf(text) : said.search(text);
        if (at >= 0) {
          const seen = said;
          said = '';
          return seen;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (said.length > 1e6) throw new Error(`never seen: ${text}, after ${from.slice(-500)}`);
      }
    },
    ended,
  };
}
