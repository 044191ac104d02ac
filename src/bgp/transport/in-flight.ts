import type { Clock } from '../../base/index.ts';
import type { Parcel } from './memory-connection.ts';

/** Parcels that were sent at one instant, and so arrive at one. */
interface Flight {
  readonly sent: number;
  readonly parcels: Parcel[];
}

/**
 * What is under way while every parcel takes equally long: it arrives in the order of sending, and one timer serves
 * all that was sent at one instant.
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
    const now = this.#clock.now();
    let flight = this.#last;
    if (flight === undefined || flight.sent !== now) {
      flight = this.#begin(now);
      this.#last = flight;
    }
    flight.parcels.push(parcel);
  }

  #begin(sent: number): Flight {
    const flight: Flight = { sent, parcels: [] };
    this.#clock.after(this.#latency, () => {
      if (this.#last === flight) this.#last = undefined;
      for (const parcel of flight.parcels) this.#land(parcel);
    });
    return flight;
  }
}
