import type { Contents } from '../filter/index.ts';
import { chainName } from './names.ts';

export type NamedChain = Contents['chains'][number];

/** A drop with a name and a counter: of each packet that policy stops there is one place that says why. */
export function dropChain(why: string): NamedChain {
  return [{ name: chainName('drop', why) }, [{ expression: 'counter drop', why }]];
}
