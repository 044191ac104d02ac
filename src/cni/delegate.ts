import { CniError, cniErrors } from './errors.ts';
import { exists, runProgram } from './host.ts';
import type { CniInput } from './input.ts';
import type { CniIo } from './io.ts';

/** The result of another IPAM plugin. */
export interface Assigned {
  /** CIDRs of one address each. */
  readonly addresses: readonly string[];
  /** Destinations that it wants to be routed. */
  readonly routes: readonly string[];
}

/** Has the IPAM plugin give addresses. */
export async function delegateAdd(plugin: string, input: CniInput, env: CniIo['env']): Promise<Assigned> {
  const result = JSON.parse(await delegate(plugin, input, env)) as {
    ips?: { address: string }[];
    routes?: { dst: string }[];
  };
  // A pod's address stands alone: what else is in the subnet is reached through the node.
  const alone = (address: string): string => `${address.split('/')[0]}/${address.includes(':') ? 128 : 32}`;
  return {
    addresses: (result.ips ?? []).map(({ address }) => alone(address)),
    routes: (result.routes ?? []).map(({ dst }) => dst),
  };
}

/** Runs the IPAM plugin from CNI_PATH with our own environment and configuration, as CNI's delegation has it. */
export async function delegate(plugin: string, input: CniInput, env: CniIo['env']): Promise<string> {
  const folders = (env['CNI_PATH'] ?? '').split(':').filter(Boolean);
  const path = folders.map((folder) => `${folder}/${plugin}`).find(exists);
  if (path === undefined) {
    throw new CniError(cniErrors.invalidConfig, `IPAM plugin '${plugin}' is not in CNI_PATH ${env['CNI_PATH']}`);
  }
  const { code, stdout } = await runProgram([path], env, JSON.stringify(input.request.config)).catch((error: Error) => {
    throw new CniError(cniErrors.io, `IPAM plugin ${path}: ${error.message}`);
  });
  if (code !== 0) throw refusal(plugin, stdout);
  return stdout;
}

function refusal(plugin: string, said: string): CniError {
  try {
    const { code, msg, details } = JSON.parse(said) as { code: number; msg: string; details?: string };
    return new CniError(code, `IPAM plugin '${plugin}': ${msg}`, details);
  } catch {
    return new CniError(cniErrors.internal, `IPAM plugin '${plugin}' has failed: ${said}`);
  }
}
