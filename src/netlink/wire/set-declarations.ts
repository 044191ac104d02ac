import type { ByteWriter } from '../../base/index.ts';
import type { AnonymousSet, ByteOrder, SetDeclaration } from '../table-objects.ts';
import { attributeBytes, attributeNest, attributeU32Network } from './attribute.ts';

/*
 * What a set or map is declared as (include/uapi/linux/netfilter/nf_tables.h):
 *
 *   NFTA_SET_FLAGS, _KEY_TYPE, _KEY_LEN, _DATA_TYPE, _DATA_LEN, _ID, _USERDATA
 *   NFTA_SET_DESC ─► NFTA_SET_DESC_SIZE        how many elements one will have that never changes
 *
 * User data is nft's own: type, length and value in an octet each, by which it lists what it was told.
 */
const NFTA_SET_FLAGS = 3;
const NFTA_SET_KEY_TYPE = 4;
const NFTA_SET_KEY_LEN = 5;
const NFTA_SET_DATA_TYPE = 6;
const NFTA_SET_DATA_LEN = 7;
const NFTA_SET_DESC = 9;
const NFTA_SET_DESC_SIZE = 1;
const NFTA_SET_ID = 10;
const NFTA_SET_USERDATA = 13;

const NFT_SET_ANONYMOUS = 1;
const NFT_SET_CONSTANT = 2;
const NFT_SET_INTERVAL = 4;
const NFT_SET_MAP = 8;
const NFT_DATA_VERDICT = 0xffffff00;
/** As nft has it; the kernel knows how large a verdict is. */
const VERDICT_OCTETS = 16;

const NFTNL_UDATA_SET_KEYBYTEORDER = 0;
const NFTNL_UDATA_SET_DATABYTEORDER = 1;
/** Of nft (include/datatype.h). */
const ORDERS: Readonly<Record<ByteOrder, number>> = { none: 0, host: 1, network: 2 };

/** The kernel puts a number in the place of `%d`. */
export function anonymousName({ declaration: { isMap } }: AnonymousSet): string {
  return isMap ? '__map%d' : '__set%d';
}

/** `number`: no two sets of a batch have the same. `size`: of one without a name. */
export function writeDeclaration(
  writer: ByteWriter,
  { type, octets, isInterval, order, isMap }: SetDeclaration,
  number: number,
  size?: number,
): void {
  const isAnonymous = size !== undefined;
  const flags =
    (isAnonymous ? NFT_SET_ANONYMOUS | NFT_SET_CONSTANT : 0) |
    (isInterval ? NFT_SET_INTERVAL : 0) |
    (isMap ? NFT_SET_MAP : 0);
  attributeU32Network(writer, NFTA_SET_FLAGS, flags);
  attributeU32Network(writer, NFTA_SET_KEY_TYPE, type);
  attributeU32Network(writer, NFTA_SET_KEY_LEN, octets);
  if (isMap) {
    attributeU32Network(writer, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
    attributeU32Network(writer, NFTA_SET_DATA_LEN, VERDICT_OCTETS);
  }
  if (isAnonymous) {
    attributeNest(writer, NFTA_SET_DESC, () => attributeU32Network(writer, NFTA_SET_DESC_SIZE, size));
  }
  attributeU32Network(writer, NFTA_SET_ID, number);
  const ofKey = [NFTNL_UDATA_SET_KEYBYTEORDER, 4, ORDERS[order], 0, 0, 0];
  const ofData = isMap ? [NFTNL_UDATA_SET_DATABYTEORDER, 4, ORDERS.none, 0, 0, 0] : [];
  attributeBytes(writer, NFTA_SET_USERDATA, Uint8Array.from([...ofKey, ...ofData]));
}
