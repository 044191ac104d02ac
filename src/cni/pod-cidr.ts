import { CniError, cniErrors } from './errors.ts';
import type { CniInput } from './input.ts';

/** The words that Calico allows as host-local's `subnet`: the first pod CIDR of the node in a family. */
const WORDS: Readonly<Record<string, { readonly family: 4 | 6; readonly any: string }>> = {
  usePodCidr: { family: 4, any: '0.0.0.0/0' },
  usePodCidrIPv6: { family: 6, any: '::/0' },
};

/** Whether the configuration leaves a subnet to the node. */
export function leavesSubnet({ request }: CniInput): boolean {
  let found = false;
  eachSubnet(request.config['ipam'], (subnet) => {
    found ||= Object.hasOwn(WORDS, subnet);
    return subnet;
  });
  return found;
}

/** The same with the node's own CIDRs. */
export function withPodCidrs(input: CniInput, cidrs: readonly string[]): CniInput {
  return withSubnets(input, (word) => {
    const { family } = WORDS[word];
    const own = cidrs.find((cidr) => cidr.includes(':') === (family === 6));
    if (own === undefined) {
      throw new CniError(
        cniErrors.tryAgain,
        `ipam.subnet is '${word}', but this node has no IPv${family} pod CIDR yet`,
      );
    }
    return own;
  });
}

/** For commands to which the subnet makes no difference, such as the release of what a container has. */
export function withAnySubnet(input: CniInput): CniInput {
  return withSubnets(input, (word) => WORDS[word].any);
}

function withSubnets(input: CniInput, subnetFor: (word: string) => string): CniInput {
  const { config } = input.request;
  const ipam = eachSubnet(config['ipam'], (subnet) => (Object.hasOwn(WORDS, subnet) ? subnetFor(subnet) : subnet));
  return { ...input, request: { ...input.request, config: { ...config, ipam } } };
}

/** A copy in which every `subnet`, also inside `ranges`, is what `change` makes of it. */
function eachSubnet(value: unknown, change: (subnet: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => eachSubnet(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const changed = ([key, inner]: [string, unknown]): [string, unknown] => [
    key,
    key === 'subnet' && typeof inner === 'string' ? change(inner) : eachSubnet(inner, change),
  ];
  return Object.fromEntries(Object.entries(value).map(changed));
}
