import type { ByteReader, ByteWriter } from '../../base/index.ts';
import type { IngressFilter, Qdisc, QdiscSpec, RedirectSpec, TokenBucket } from '../kernel.ts';
import { attributeBytes, attributeNest, attributeText, forEachAttribute, readText } from './attribute.ts';
import {
  AF_UNSPEC,
  encodeMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RTM_DELQDISC,
  RTM_GETQDISC,
  RTM_GETTFILTER,
  RTM_NEWQDISC,
  RTM_NEWTFILTER,
} from './message.ts';

// include/uapi/linux/pkt_sched.h, pkt_cls.h, rtnetlink.h, tc_act/tc_mirred.h
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_PRATE64 = 5;
const TCA_U32_DIVISOR = 4;
const TCA_U32_SEL = 5;
const TCA_U32_ACT = 7;
const TC_U32_TERMINAL = 1;
const TCA_ACT_KIND = 1;
const TCA_ACT_OPTIONS = 2;
const TCA_MIRRED_PARMS = 2;
const TCA_EGRESS_REDIR = 1;
const TC_ACT_STOLEN = 4;
const TC_LINKLAYER_ETHERNET = 1;
const TC_H_ROOT = 0xffffffff;
const TC_H_INGRESS = 0xfffffff1;
/** `ffff:`, the handle of every ingress qdisc, by which its filters name it. */
const INGRESS_HANDLE = 0xffff0000;
/** ETH_P_ALL, in network order. */
const ALL_PROTOCOLS = 0x0300;
const U32_MAX = 0xffffffff;

/** struct tcmsg: family, padding, index of the device, handle, parent, info. */
function header(writer: ByteWriter, index: number, handle = 0, parent = 0, info = 0): void {
  writer.u8(AF_UNSPEC).u8(0).u16(0).i32(index).u32(handle).u32(parent).u32(info);
}

export function encodeQdiscDump(): Uint8Array {
  return encodeMessage(RTM_GETQDISC, NLM_F_DUMP, (writer) => header(writer, 0));
}

/** A tbf takes the place of what was the root; an ingress qdisc has a place of its own, where there must be none yet. */
export function encodeQdiscReplace(spec: QdiscSpec, index: number): Uint8Array {
  if (spec.kind === 'ingress') {
    return encodeMessage(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, (writer) => {
      header(writer, index, INGRESS_HANDLE, TC_H_INGRESS);
      attributeText(writer, TCA_KIND, spec.kind);
    });
  }
  return encodeMessage(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, (writer) => {
    header(writer, index, parseHandle(spec.handle), TC_H_ROOT);
    attributeText(writer, TCA_KIND, spec.kind);
    attributeNest(writer, TCA_OPTIONS, () => tbfOptions(writer, spec.bucket));
  });
}

export function encodeQdiscDelete(parent: 'root' | 'ingress', index: number): Uint8Array {
  return encodeMessage(RTM_DELQDISC, 0, (writer) => {
    header(writer, index, 0, parent === 'root' ? TC_H_ROOT : TC_H_INGRESS);
  });
}

/** struct tc_tbf_qopt: two struct tc_ratespec, limit, and the time that each bucket takes to fill. */
function tbfOptions(writer: ByteWriter, { rate, buffer, limit, peak }: TokenBucket): void {
  const parms = writer.fork(2);
  writer.u16(TCA_TBF_PARMS);
  rateSpec(writer, rate);
  rateSpec(writer, peak?.rate ?? 0);
  writer.u32(limit).u32(buffer);
  writer.u32(peak?.buffer ?? 0).join(parms, 2, 2);
  rate64(writer, TCA_TBF_RATE64, rate);
  if (peak !== undefined) rate64(writer, TCA_TBF_PRATE64, peak.rate);
}

/** struct tc_ratespec: cell_log, link layer, overhead, cell_align, mpu, rate. Ethernet needs no table of rates. */
function rateSpec(writer: ByteWriter, rate: number): void {
  writer.u8(0).u8(TC_LINKLAYER_ETHERNET).u16(0).u16(0).u16(0).u32(Math.min(rate, U32_MAX));
}

/** Writes a rate again that 32 bits don't hold. */
function rate64(writer: ByteWriter, type: number, rate: number): void {
  if (rate < U32_MAX) return;
  const mark = writer.fork(2);
  writer.u16(type).u64(BigInt(rate)).join(mark, 2, 2);
}

/** Index of the device whose qdiscs or filters a notification tells of. */
export function decodeQueueingChange(body: ByteReader): number {
  return readHeader(body).index;
}

/** Reads an RTM_NEWQDISC; the device is told by its index. */
export function decodeQdisc(body: ByteReader): (Omit<Qdisc, 'dev'> & { readonly index: number }) | undefined {
  const { index, handle, parent } = readHeader(body);
  let kind = '';
  let bucket: TokenBucket | undefined;
  forEachAttribute(body, (type, value) => {
    if (type === TCA_KIND) kind = readText(value);
    else if (type === TCA_OPTIONS && kind === 'tbf') bucket = decodeTbf(value);
  });
  if (kind === '') return undefined;
  return { index, kind, parent: parentText(parent), handle: handleText(handle), ...(bucket && { bucket }) };
}

function decodeTbf(options: ByteReader): TokenBucket {
  let bucket: TokenBucket = { rate: 0, buffer: 0, limit: 0 };
  forEachAttribute(options, (type, value) => {
    if (type === TCA_TBF_PARMS) {
      const rate = readRate(value);
      const peakRate = readRate(value);
      const limit = value.u32();
      const buffer = value.u32();
      const peakBuffer = value.u32();
      bucket = { rate, buffer, limit, ...(peakRate > 0 && { peak: { rate: peakRate, buffer: peakBuffer } }) };
    } else if (type === TCA_TBF_RATE64) bucket = { ...bucket, rate: Number(value.u64()) };
    else if (type === TCA_TBF_PRATE64 && bucket.peak !== undefined) {
      bucket = { ...bucket, peak: { ...bucket.peak, rate: Number(value.u64()) } };
    }
  });
  return bucket;
}

function readRate(spec: ByteReader): number {
  spec.skip(8);
  return spec.u32();
}

export function encodeFilterDump(index: number): Uint8Array {
  return encodeMessage(RTM_GETTFILTER, NLM_F_DUMP, (writer) => header(writer, index, 0, INGRESS_HANDLE));
}

/** `tc filter add … u32 match u32 0 0 action mirred egress redirect`: every kernel with qdiscs has that classifier. */
export function encodeRedirectAdd({ priority }: RedirectSpec, index: number, to: number): Uint8Array {
  return encodeMessage(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, (writer) => {
    header(writer, index, 0, INGRESS_HANDLE, priority * 0x10000 + ALL_PROTOCOLS);
    attributeText(writer, TCA_KIND, 'u32');
    attributeNest(writer, TCA_OPTIONS, () => {
      attributeNest(writer, TCA_U32_ACT, () => attributeNest(writer, 1, () => mirred(writer, to)));
      attributeBytes(writer, TCA_U32_SEL, everything());
    });
  });
}

/** struct tc_mirred: index, capab, action, refcnt, bindcnt, eaction, ifindex. */
function mirred(writer: ByteWriter, to: number): void {
  attributeText(writer, TCA_ACT_KIND, 'mirred');
  attributeNest(writer, TCA_ACT_OPTIONS, () => {
    const mark = writer.fork(2);
    writer.u16(TCA_MIRRED_PARMS).zeros(8).i32(TC_ACT_STOLEN).zeros(8).i32(TCA_EGRESS_REDIR).u32(to).join(mark, 2, 2);
  });
}

/** struct tc_u32_sel with one struct tc_u32_key whose mask is 0. */
function everything(): Uint8Array {
  const selector = new Uint8Array(32);
  selector[0] = TC_U32_TERMINAL;
  selector[2] = 1;
  return selector;
}

/** Reads an RTM_NEWTFILTER; undefined for the classifier's own hash tables. */
export function decodeFilter(body: ByteReader): (Omit<IngressFilter, 'dev'> & { readonly index: number }) | undefined {
  const { index, handle, info } = readHeader(body);
  let kind = '';
  let isTable = handle === 0;
  let redirect: number | undefined;
  forEachAttribute(body, (type, value) => {
    if (type === TCA_KIND) kind = readText(value);
    else if (type === TCA_OPTIONS && kind === 'u32') {
      forEachAttribute(value, (option, found) => {
        if (option === TCA_U32_DIVISOR) isTable = true;
        else if (option === TCA_U32_ACT) redirect = decodeRedirect(found);
      });
    }
  });
  if (kind === '' || isTable) return undefined;
  return { index, kind, priority: info >>> 16, ...(redirect !== undefined && { redirect }) };
}

/** Where the first action sends packets to, if it does. */
function decodeRedirect(actions: ByteReader): number | undefined {
  let redirect: number | undefined;
  forEachAttribute(actions, (_, action) => {
    let kind = '';
    forEachAttribute(action, (type, value) => {
      if (type === TCA_ACT_KIND) kind = readText(value);
      else if (type === TCA_ACT_OPTIONS && kind === 'mirred') redirect ??= readMirred(value);
    });
  });
  return redirect;
}

function readMirred(options: ByteReader): number | undefined {
  let redirect: number | undefined;
  forEachAttribute(options, (type, value) => {
    if (type !== TCA_MIRRED_PARMS) return;
    value.skip(20);
    if (value.i32() === TCA_EGRESS_REDIR) redirect = value.u32();
  });
  return redirect;
}

function readHeader(body: ByteReader): { index: number; handle: number; parent: number; info: number } {
  body.skip(4);
  return { index: body.i32(), handle: body.u32(), parent: body.u32(), info: body.u32() };
}

/** `80:` → 0x800000. */
function parseHandle(text: string): number {
  const found = /^([0-9a-f]{1,4}):$/.exec(text);
  if (found === null) throw new RangeError(`handle '${text}' is not a hexadecimal number and a colon, such as 80:`);
  return Number.parseInt(found[1], 16) * 0x10000;
}

function handleText(handle: number): string {
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}

function parentText(parent: number): string {
  if (parent === TC_H_ROOT) return 'root';
  return parent === TC_H_INGRESS ? 'ingress' : handleText(parent);
}
