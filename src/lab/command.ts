import { spawn } from 'node:child_process';
import { LabError } from './errors.ts';

export interface Output {
  /** Exit code; 128 and more when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For its stdin; without it there is none. */
  readonly input?: string;
}

/** Runs a command to its end; rejects only when it can't be started. */
export function run([command, ...args]: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A command that ends before it has read its input is no concern of ours: its exit code tells.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new LabError('NO_COMMAND', `${command} is not installed`) : error);
    });
    child.on('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
}

/** As `run`, but an exit code other than 0 rejects, with what the command said. */
export async function mustRun(command: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code !== 0)
    throw new LabError('COMMAND_FAILED', `${command.join(' ')}: exit code ${code}: ${(stderr || stdout).trim()}`);
  return stdout;
}

/** The command, run in the network namespace; only the network changes, not mounts nor cgroups. */
export function inNamespace(namespace: string, command: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...command];
}
