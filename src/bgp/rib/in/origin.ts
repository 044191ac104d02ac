import type { PrefixTable } from '../../../base/index.ts';
import type { SpeakerOptions } from '../../api.ts';
import type { AttributeList } from '../pool/attribute-list.ts';

/** Judges the origin of a route with these attributes (RFC 6811 §2); undefined where it is not known. */
export type JudgeOrigin = (
  prefixes: PrefixTable,
  prefix: number,
  attributes: AttributeList,
) => ReturnType<NonNullable<SpeakerOptions['originValidity']>> | undefined;

/** The answers to import rules that a route's attributes do not give. */
export interface RouteSurroundings {
  /** The interface that a next hop is reached by, by its number. */
  readonly interfaceOf: (nextHop: number) => string | undefined;
  readonly validityOf: JudgeOrigin;
}

/** Judges routes of tables as the speaker's user judges prefixes; `ownAs` is the origin of a path that is empty. */
export function judgeOrigin(judge: SpeakerOptions['originValidity'], ownAs: number): JudgeOrigin {
  return (prefixes, prefix, attributes) => {
    if (judge === undefined) return undefined;
    const { family } = prefixes;
    let value = 0n;
    for (let word = 0; word < prefixes.words; word++) {
      value = (value << 32n) | BigInt(prefixes.address(prefix, word));
    }
    return judge({ family, value, length: prefixes.length(prefix) }, originAs(attributes, ownAs));
  };
}

function originAs(attributes: AttributeList, ownAs: number): number | undefined {
  const last = (attributes.value('asPath') ?? []).at(-1);
  if (last === undefined) return ownAs;
  return last.kind === 'sequence' ? last.asns.at(-1) : undefined;
}
