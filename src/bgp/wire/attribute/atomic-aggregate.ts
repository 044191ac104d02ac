import { UPDATE_ERROR } from '../notification.ts';
import { attribute, WELL_KNOWN } from './row.ts';

/** No value: its presence says that an aggregate hides part of its path. */
export const ATOMIC_AGGREGATE_ROW = attribute(
  {
    type: 6,
    name: 'ATOMIC_AGGREGATE',
    flags: WELL_KNOWN,
    length: { kind: 'exactly', octets: 0 },
    ibgp: 'discard',
    ebgp: 'discard',
    subcode: UPDATE_ERROR.ATTRIBUTE_LENGTH,
    clause: 'RFC 7606 §7.6',
  },
  'atomicAggregate',
  {
    decode: () => true,
    encode: () => {},
    absent: (present) => !present,
  },
);
