import {
  addressBytes,
  type ByteReader,
  type Family,
  networkAddress,
  ParseError,
  type Prefix,
  tryParsePrefix,
} from '../../base/index.ts';
import type { RoutingRule } from '../kernel.ts';
import { addressFamily, familyOf, readIp } from './address-text.ts';
import { attributeBytes, attributeText, attributeU8, attributeU32, forEachAttribute, readText } from './attribute.ts';
import {
  encodeMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
} from './message.ts';

// include/uapi/linux/fib_rules.h
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_PROTOCOL = 21;
const FR_ACT_TO_TBL = 1;
const FIB_RULE_INVERT = 2;
const RTPROT_UNSPEC = 0;
/** The mask of a mark that was given without one. */
const ALL_BITS = 0xffffffff;

export function encodeRuleDump(family: Family): Uint8Array {
  return encodeMessage(RTM_GETRULE, NLM_F_DUMP, (writer) => {
    writer.u8(addressFamily(family)).zeros(11);
  });
}

export function encodeRuleAdd(rule: RoutingRule): Uint8Array {
  return encodeRule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

export function encodeRuleDelete(rule: RoutingRule): Uint8Array {
  return encodeRule(RTM_DELRULE, 0, rule);
}

/** struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags. */
function encodeRule(type: number, flags: number, rule: RoutingRule): Uint8Array {
  const source = selector(rule.family, rule.source, 'source');
  const destination = selector(rule.family, rule.destination, 'destination');
  return encodeMessage(type, flags, (writer) => {
    writer
      .u8(addressFamily(rule.family))
      .u8(destination?.length ?? 0)
      .u8(source?.length ?? 0)
      .u8(0);
    writer
      .u8(rule.table < 256 ? rule.table : 0)
      .u16(0)
      .u8(FR_ACT_TO_TBL)
      .u32(rule.invert ? FIB_RULE_INVERT : 0);
    attributeU32(writer, FRA_PRIORITY, rule.priority);
    attributeU32(writer, FRA_TABLE, rule.table);
    if (destination !== undefined) attributeBytes(writer, FRA_DST, addressBytes(networkAddress(destination)));
    if (source !== undefined) attributeBytes(writer, FRA_SRC, addressBytes(networkAddress(source)));
    if (rule.incoming !== undefined) attributeText(writer, FRA_IIFNAME, rule.incoming);
    if (rule.mark !== undefined) {
      attributeU32(writer, FRA_FWMARK, rule.mark);
      attributeU32(writer, FRA_FWMASK, rule.mask ?? ALL_BITS);
    }
    if (rule.protocol !== undefined) attributeU8(writer, FRA_PROTOCOL, rule.protocol);
  });
}

function selector(family: Family, cidr: string | undefined, field: string): Prefix | undefined {
  if (cidr === undefined) return undefined;
  const read = tryParsePrefix(cidr);
  if (read?.family !== family) throw new ParseError(field, cidr, `expected an IPv${family} CIDR`);
  return read;
}

type Draft<T> = { -readonly [key in keyof T]: T[key] };

/** Reads an RTM_NEWRULE or RTM_DELRULE; undefined for rules that do not lead to a table, and for other families. */
export function decodeRule(body: ByteReader): RoutingRule | undefined {
  const family = familyOf(body.u8());
  const destinationLength = body.u8();
  const sourceLength = body.u8();
  body.skip(1);
  const table = body.u8();
  body.skip(2);
  const action = body.u8();
  const flags = body.u32();
  if (family === undefined || action !== FR_ACT_TO_TBL) return undefined;
  const rule: Draft<RoutingRule> = { family, priority: 0, table };
  if ((flags & FIB_RULE_INVERT) !== 0) rule.invert = true;
  forEachAttribute(body, (type, value) => {
    if (type === FRA_PRIORITY) rule.priority = value.u32();
    else if (type === FRA_TABLE) rule.table = value.u32();
    else if (type === FRA_IIFNAME) rule.incoming = readText(value);
    else if (type === FRA_FWMARK) rule.mark = value.u32();
    else if (type === FRA_FWMASK) rule.mask = value.u32();
    else if (type === FRA_PROTOCOL) rule.protocol = value.u8();
    else if (type === FRA_SRC) rule.source = `${readIp(value)}/${sourceLength}`;
    else if (type === FRA_DST) rule.destination = `${readIp(value)}/${destinationLength}`;
  });
  if (rule.protocol === RTPROT_UNSPEC) delete rule.protocol;
  // The kernel reports a mask for every mark: all bits is what no mask means.
  if (rule.mark === undefined || rule.mask === ALL_BITS) delete rule.mask;
  return rule;
}
