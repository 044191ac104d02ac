import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../base/index.ts';

/**
 * Why a browser's request is refused; undefined when it is not. A page elsewhere on the web may have its own name lead to
 * 127.0.0.1, and then read what is served there: its requests still carry that name.
 */
export function strangerProblem(headers: IncomingHttpHeaders): string | undefined {
  const name = /^(\[[^\]]+\]|[^:]*)(:\d+)?$/.exec(headers.host ?? '')?.[1] ?? '';
  if (!isLoopback(name)) return `this page is for localhost; it was asked for as '${name}'`;
  if (headers['sec-fetch-site'] === 'cross-site') return 'this page answers no other site';
  return undefined;
}

/** Whether the request carries the token: `Bearer TOKEN`, or as the password of a browser's own dialogue (`Basic`). */
export function hasToken({ authorization = '' }: IncomingHttpHeaders, token: string): boolean {
  const [, scheme = '', text = ''] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? [];
  const given =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(text, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : text;
  const digest = (of: string): Buffer => createHash('sha256').update(of).digest();
  return scheme !== '' && timingSafeEqual(digest(given), digest(token));
}

/**
 * The headers of every answer: nothing is loaded from elsewhere, nothing in the page's text runs, nobody puts it in a
 * frame.
 */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
