import type { Clock } from '../../base/index.ts';
import type { Parcel } from './memory-connection.ts';

/** Parcels that were sent at one instant, and so arrive at one: by the host that they go to. */
interface Flight {
  readonly sent: number;
  readonly hosts: Map<string, Parcel[]>;
}

/**
 * The parcels under way, of which each takes equally long. Those that arrive at one instant are taken in by one host
 * after another, each as if in a turn of its own event loop, and in the order of sending; one timer serves it all.
 */
export class InFlight {
  readonly #clock: Clock;
  readonly #latency: number;
  readonly #land: (parcel: Parcel) => void;
  #last: Flight | undefined;

  constructor(clock: Clock, latency: number, land: (parcel: Parcel) => void) {
    this.#clock = clock;
    this.#latency = latency;
    this.#land = land;
  }

  send(parcel: Parcel): void {
    const { hosts } = this.#flight();
    const parcels = hosts.get(parcel.to);
    if (parcels) parcels.push(parcel);
    else hosts.set(parcel.to, [parcel]);
  }

  #flight(): Flight {
    const sent = this.#clock.now();
    if (this.#last?.sent === sent) return this.#last;
    const flight: Flight = { sent, hosts: new Map() };
    this.#last = flight;
    this.#clock.after(this.#latency, () => {
      if (this.#last === flight) this.#last = undefined;
      for (const parcels of flight.hosts.values()) for (const parcel of parcels) this.#land(parcel);
    });
    return flight;
  }
}
