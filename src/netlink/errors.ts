import { VRouterError } from '../base/index.ts';
import { errnoMeaning, errnoName } from './wire/errno.ts';

/**
 * The kernel (or the socket to it) said no. `code` is the errno's name, such as `EEXIST`; `reason` holds the kernel's
 * own words from its extended acknowledgement, or the errno's meaning. Our own codes: `MALFORMED` (bytes that are no
 * netlink message), `CLOSED` (the socket was closed while a request was under way).
 */
export class KernelError extends VRouterError {
  readonly reason: string;

  constructor(code: string, what: string, reason: string, options?: ErrorOptions) {
    super(code, `${what}: ${reason} (${code})`, options);
    this.reason = reason;
  }

  /** From a positive errno, and the kernel's own words where it gave some. */
  static fromErrno(errno: number, what: string, words?: string): KernelError {
    return new KernelError(errnoName(errno), what, words ?? errnoMeaning(errno));
  }
}

/** Whether the error is the kernel's with one of these codes. */
export function isKernelError(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && (codes.length === 0 || codes.includes(error.code));
}

/** The module that makes links of the kind, for the operator of a kernel that has none. */
export function unsupportedKind(what: string, kind: string, cause: KernelError): KernelError {
  return missingModule(what, `${kind} devices`, kind, cause);
}

/** As `unsupportedKind`, for whatever else comes with a module. */
export function missingModule(what: string, thing: string, module: string, cause: KernelError): KernelError {
  const load = module.includes(' ') ? `modules with: modprobe -a ${module}` : `module with: modprobe ${module}`;
  return new KernelError('EOPNOTSUPP', what, `this kernel has no ${thing}; load the ${load}`, { cause });
}
