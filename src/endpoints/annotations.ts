import {
  type Address,
  formatAddress,
  formatPrefix,
  parsePrefix,
  tryParseAddress,
  tryParsePrefix,
} from '../base/index.ts';
import { RequestRefused } from '../control/index.ts';
import { CNI_ANNOTATION, type CniAnnotationName } from '../model/index.ts';

/** CNI's "invalid network config": kubelet shows the message at the pod. */
const INVALID_CONFIG = 7;

type Texts = Readonly<Record<string, string>>;

/**
 * The requests of a pod to CNI, and of its namespace for all of its pods: each annotation is read when it is asked for,
 * and refused with its name if it can't be read. An empty list says as little as none.
 */
export class Annotations {
  readonly #pod: Texts;
  readonly #namespace: Texts;

  constructor(pod: Texts, namespace: Texts) {
    this.#pod = pod;
    this.#namespace = namespace;
  }

  /** These very addresses, at most one of each family; `ipam` tells whether IPAM is to know of them. */
  get fixed(): { readonly addresses: readonly string[]; readonly ipam: boolean } | undefined {
    const [wanted, free] = [this.#ofPod('ipAddrs'), this.#ofPod('ipAddrsNoIpam')];
    if (wanted && free) throw refusedAnnotation('ipAddrs', 'cannot stand beside ipAddrsNoIpam');
    const name = free ? 'ipAddrsNoIpam' : 'ipAddrs';
    const addresses = addressesOf(name, wanted || free);
    if (addresses === undefined) return undefined;
    const families = addresses.map(({ family }) => family);
    if (new Set(families).size < families.length) throw refusedAnnotation(name, 'at most one address of each family');
    return { addresses: addresses.map(formatAddress), ipam: name === 'ipAddrs' };
  }

  /** Pools by name or CIDR. */
  get pools4(): readonly string[] | undefined {
    return listOf('ipv4pools', this.#nearest('ipv4pools'));
  }

  get pools6(): readonly string[] | undefined {
    return listOf('ipv6pools', this.#nearest('ipv6pools'));
  }

  get families(): readonly string[] | undefined {
    const families = listOf('ipFamilies', this.#nearest('ipFamilies'));
    const unknown = families?.find((family) => family !== 'IPv4' && family !== 'IPv6');
    if (unknown !== undefined) throw refusedAnnotation('ipFamilies', `'${unknown}' is neither IPv4 nor IPv6`);
    return families;
  }

  /** The pod's MAC address. */
  get mac(): string | undefined {
    const text = this.#ofPod('hwAddr');
    if (text === undefined) return undefined;
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw refusedAnnotation('hwAddr', `'${text}' is not a MAC`);
    // The lowest bit of the first octet is for groups; no interface may have it.
    if (Number.parseInt(text.slice(0, 2), 16) % 2 === 1) {
      throw refusedAnnotation('hwAddr', `'${text}' is the address of a group`);
    }
    return text.toLowerCase();
  }

  /** Further addresses that are to lead to the pod. */
  get floatingIps(): readonly string[] | undefined {
    return addressesOf('floatingIPs', this.#ofPod('floatingIPs'))?.map(formatAddress);
  }

  /** Networks that the pod may send from besides its addresses. */
  get sourcePrefixes(): readonly string[] | undefined {
    const name = 'allowedSourcePrefixes';
    const list = listOf(name, this.#ofPod(name));
    const wrong = list?.find((text) => tryParsePrefix(text) === undefined);
    if (wrong !== undefined) throw refusedAnnotation(name, `'${wrong}' is not a CIDR such as 10.0.0.0/16`);
    return list?.map((text) => formatPrefix(parsePrefix(text)));
  }

  #ofPod(name: CniAnnotationName): string | undefined {
    return this.#pod[CNI_ANNOTATION[name]];
  }

  /** The pod's before its namespace's. */
  #nearest(name: CniAnnotationName): string | undefined {
    return this.#ofPod(name) || this.#namespace[CNI_ANNOTATION[name]];
  }
}

export function refusedAnnotation(name: CniAnnotationName, message: string): RequestRefused {
  return new RequestRefused('ANNOTATION', `annotation ${CNI_ANNOTATION[name]}: ${message}`, INVALID_CONFIG);
}

function addressesOf(name: CniAnnotationName, text: string | undefined): readonly Address[] | undefined {
  return listOf(name, text)?.map((one) => {
    const address = tryParseAddress(one);
    if (address === undefined) throw refusedAnnotation(name, `'${one}' is not an IP address`);
    return address;
  });
}

/** A JSON list of text that is not empty. */
function listOf(name: CniAnnotationName, text: string | undefined): readonly string[] | undefined {
  if (!text) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw refusedAnnotation(name, `'${text}' is not JSON`);
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every((entry) => typeof entry === 'string')) {
    throw refusedAnnotation(name, `'${text}' is not a list such as ["a", "b"]`);
  }
  return list;
}
