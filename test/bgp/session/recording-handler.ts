import { formatIpv4 } from '../../../src/base/index.ts';
import type { PeerHandle, SessionHandler, UpdateView } from '../../../src/bgp/contract.ts';

/** An UPDATE that announces 10.1.0.0/26 with ORIGIN IGP, an empty AS_PATH, next hop 10.0.0.1 and LOCAL_PREF 100. */
export const ROUTE_UPDATE: Uint8Array = Buffer.from(
  'ffffffffffffffffffffffffffffffff0031020000' + // header, no withdrawn routes
    '0015' +
    '40010100' +
    '400200' +
    '4003040a000001' +
    '40050400000064' + // path attributes
    '1a0a010000', // NLRI
  'hex',
);

/** Writes down what the session layer says, and lets tests wait for it. */
export class RecordingHandler implements SessionHandler {
  readonly calls: string[] = [];
  readonly #established = Promise.withResolvers<void>();
  readonly #updated = Promise.withResolvers<void>();

  established(): void {
    this.calls.push('established');
    this.#established.resolve();
  }

  update(_peer: PeerHandle, view: UpdateView): void {
    const { count, addresses, lengths } = view.announced4;
    const announced = Array.from({ length: count }, (_, at) => ` +${formatIpv4(addresses[at])}/${lengths[at]}`);
    this.calls.push(`update${announced.join('')}`);
    this.#updated.resolve();
  }

  refresh(_peer: PeerHandle, family: string, subtype: string): void {
    this.calls.push(`refresh ${family} ${subtype}`);
  }

  drained(): void {
    this.calls.push('drained');
  }

  closed(_peer: PeerHandle, reason: string, keep: readonly { family: string; seconds: number }[]): void {
    const kept = keep.map(({ family, seconds }) => `, keep ${family} ${seconds} s`);
    this.calls.push(`closed: ${reason}${kept.join('')}`);
  }

  whenEstablished(): Promise<void> {
    return this.#established.promise;
  }

  whenUpdated(): Promise<void> {
    return this.#updated.promise;
  }
}
