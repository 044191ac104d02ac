import type { DesiredPool } from '../../src/calc/index.ts';

/** A pool of the desired state: plain routes, announced, no NAT, unless `more` says otherwise. */
export function pool(cidr: string, more: Partial<DesiredPool> = {}): DesiredPool {
  return {
    name: cidr,
    cidr,
    encapsulation: 'none',
    natOutgoing: false,
    disabled: false,
    disableBgpExport: false,
    ...more,
  };
}
