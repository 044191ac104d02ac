import { VRouterError } from '../base/index.ts';

/** The values of `IpamError.code`. */
export type IpamErrorCode =
  | 'POOL_NOT_FOUND'
  | 'NO_POOLS'
  | 'NO_QUALIFIED_POOL'
  | 'NOT_IN_POOL'
  | 'EXHAUSTED'
  | 'BLOCK_LIMIT'
  | 'BLOCK_NOT_EMPTY'
  | 'BLOCK_CLAIMED'
  | 'BLOCK_CORRUPT'
  | 'STRICT_AFFINITY'
  | 'BAD_BLOCK_SIZE'
  | 'ADDRESS_TAKEN'
  | 'BAD_HANDLE'
  | 'BAD_SEQUENCE'
  | 'HANDLE_NOT_FOUND'
  | 'CONTENTION';

/** Every failure of IPAM that is not the store's. The texts that Calico's users know are kept. */
export class IpamError extends VRouterError {
  declare readonly code: IpamErrorCode;

  constructor(code: IpamErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export function isIpamError(error: unknown, code: IpamErrorCode): error is IpamError {
  return error instanceof IpamError && error.code === code;
}
