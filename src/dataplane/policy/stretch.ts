/**
 * Long tiers in stretches: neighbours in the order of a tier that are asked together or not at all. Where a stretch
 * ends is said by its last policy's own name, so that a policy that comes or goes makes one or two stretches others,
 * and classes that ask the same neighbours have the same stretches.
 */
export interface Stretches {
  /** A tier of fewer policies is asked one by one. */
  readonly from: number;
  /** Shorter stretches are asked one by one: a look at their gate costs more. */
  readonly least: number;
  /** Length by and large: between the cost of a gate and that of what is behind it. */
  readonly usual: number;
  readonly most: number;
}

export const STRETCHES: Stretches = { from: 128, least: 8, usual: 128, most: 512 };

/** The keys in their order, those of a stretch together. `isFit`: may be part of one. */
export function inStretches(
  keys: readonly string[],
  isFit: (key: string) => boolean,
  { from, least, usual, most }: Stretches,
): readonly (string | readonly string[])[] {
  if (keys.length < from) return keys;
  const said: (string | readonly string[])[] = [];
  let run: string[] = [];
  const end = (): void => {
    if (run.length < least) said.push(...run);
    else said.push(run);
    run = [];
  };
  for (const key of keys) {
    if (!isFit(key)) {
      end();
      said.push(key);
      continue;
    }
    run.push(key);
    if (run.length >= most || (run.length >= least && numberOf(key) % usual === 0)) end();
  }
  end();
  return said;
}

/** FNV-1a, for it is asked of every policy. */
function numberOf(text: string): number {
  let number = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193);
  return (number ^ (number >>> 15)) >>> 0;
}
