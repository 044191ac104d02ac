import type { FelixConfiguration } from '../model/index.ts';

export type FelixSettings = FelixConfiguration['spec'];

/** The settings of one node: what FelixConfiguration `node.<name>` says goes before what `default` says. */
export function felixSettings(
  nodename: string,
  configurations: { get(name: string): FelixConfiguration | undefined },
): FelixSettings {
  return { ...configurations.get('default')?.spec, ...configurations.get(`node.${nodename}`)?.spec };
}
