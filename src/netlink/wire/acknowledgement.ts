import type { ByteReader } from '../../base/index.ts';
import { forEachAttribute, readText } from './attribute.ts';
import { HEADER_LENGTH, NLM_F_ACK_TLVS, NLM_F_CAPPED } from './message.ts';

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

/**
 * The kernel's answer to a request. `errno` is positive, or 0 when all is well; `words` come from the extended ack, and
 * `offset` says at which octet of the request the attribute stands that the kernel has something against.
 */
export interface Acknowledgement {
  readonly errno: number;
  readonly words?: string;
  readonly offset?: number;
}

/*
 * |           Errno, negative or zero             |
 * |   Header of the request, and its body unless NLM_F_CAPPED    |
 * |   Attributes, if NLM_F_ACK_TLVS               |
 */
export function decodeError(flags: number, body: ByteReader): Acknowledgement {
  const errno = -body.i32();
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  const length = body.u32();
  body.skip(HEADER_LENGTH - 4);
  if ((flags & NLM_F_CAPPED) === 0) {
    const rest = Math.max(0, length - HEADER_LENGTH);
    body.skip(rest + (-rest & 3));
  }
  return withWords(errno, body);
}

/** NLMSG_DONE ends a dump; it carries an errno too, and attributes right behind it. */
export function decodeDone(flags: number, body: ByteReader): Acknowledgement {
  const errno = body.left >= 4 ? -body.i32() : 0;
  return (flags & NLM_F_ACK_TLVS) === 0 ? { errno } : withWords(errno, body);
}

function withWords(errno: number, attributes: ByteReader): Acknowledgement {
  let words: string | undefined;
  let offset: number | undefined;
  forEachAttribute(attributes, (type, value) => {
    if (type === NLMSGERR_ATTR_MSG) words = readText(value);
    else if (type === NLMSGERR_ATTR_OFFS) offset = value.u32();
  });
  return {
    errno,
    ...(words === undefined || words === '' ? {} : { words }),
    ...(offset === undefined ? {} : { offset }),
  };
}
