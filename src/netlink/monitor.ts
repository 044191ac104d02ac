import { type ByteReader, OutOfBytes } from '../base/index.ts';
import type { KernelEvent, Link, Monitor } from './kernel.ts';
import type { NetlinkSocket, SocketEvents } from './socket.ts';
import { sysctlWord } from './sysctl.ts';
import { decodeAddress } from './wire/address.ts';
import { decodeLink } from './wire/link.ts';
import {
  forEachMessage,
  type NetlinkMessage,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELQDISC,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_DELTFILTER,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWNETCONF,
  RTM_NEWQDISC,
  RTM_NEWROUTE,
  RTM_NEWRULE,
  RTM_NEWTFILTER,
} from './wire/message.ts';
import { decodeNeighbor } from './wire/neighbor.ts';
import { decodeNetconf } from './wire/netconf.ts';
import { decodeRoute } from './wire/route.ts';
import { decodeRule } from './wire/rule.ts';
import { decodeQueueingChange } from './wire/traffic-control.ts';

/**
 * RTNLGRP_LINK, NEIGH, TC, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE, IPV4_NETCONF, IPV6_NETCONF.
 */
export const MONITOR_GROUPS = [1, 3, 4, 5, 7, 8, 9, 11, 19, 24, 25];

type Listener = (event: KernelEvent) => void;

/**
 * Turns notifications into events. Messages name devices by index, events by name, so the monitor keeps the names,
 * listed once at the start and after every overflow; what arrives during a listing waits for it.
 */
export class KernelMonitor implements Monitor {
  readonly #socket: NetlinkSocket;
  readonly #listLinks: () => Promise<readonly Link[]>;
  readonly #listener: Listener;
  readonly #ownPort: number | undefined;
  readonly #names = new Map<number, string>();
  /** Datagrams that wait for a listing of names; undefined when none is under way. */
  #held: Uint8Array[] | undefined;
  #stopped = false;

  private constructor(
    open: (events: SocketEvents) => NetlinkSocket,
    listLinks: () => Promise<readonly Link[]>,
    listener: Listener,
    ownPort?: number,
  ) {
    this.#ownPort = ownPort;
    this.#listLinks = listLinks;
    this.#listener = listener;
    this.#socket = open({
      message: (datagram) => this.#receive(datagram),
      overflow: () => this.#resync(),
      error: () => this.#resync(),
    });
  }

  /** Resolves when every change from now on will be told; of queueing, those that `ownPort` did not make. */
  static async start(
    open: (events: SocketEvents) => NetlinkSocket,
    listLinks: () => Promise<readonly Link[]>,
    listener: Listener,
    ownPort?: number,
  ): Promise<KernelMonitor> {
    const monitor = new KernelMonitor(open, listLinks, listener, ownPort);
    try {
      await monitor.#learnNames();
    } catch (error) {
      monitor.stop();
      throw error;
    }
    return monitor;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.close();
  }

  async #learnNames(): Promise<void> {
    this.#held ??= [];
    for (const link of await this.#listLinks()) this.#names.set(link.index, link.name);
    const held = this.#held;
    this.#held = undefined;
    for (const datagram of held) this.#receive(datagram);
  }

  /** Told once the names are known again; whatever is lost meanwhile is in the listing that the listener then makes. */
  #resync(): void {
    if (this.#stopped || this.#held !== undefined) return;
    this.#held = [];
    const tell = () => this.#tell({ kind: 'resync' });
    this.#learnNames().then(tell, () => {
      this.#held = undefined;
      tell();
    });
  }

  #tell(event: KernelEvent): void {
    if (!this.#stopped) this.#listener(event);
  }

  #receive(datagram: Uint8Array): void {
    if (this.#stopped) return;
    if (this.#held !== undefined) {
      this.#held.push(datagram);
      return;
    }
    try {
      forEachMessage(datagram, (message) => {
        if (message.type === RTM_NEWNETCONF) this.#tellSettings(message.body);
        else {
          const event = this.#event(message);
          if (event !== undefined) this.#tell(event);
        }
      });
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
      this.#resync();
    }
  }

  #event({ type, body, port }: NetlinkMessage): KernelEvent | undefined {
    switch (type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        return this.#linkEvent(type === RTM_NEWLINK ? 'new' : 'deleted', body);
      case RTM_NEWADDR:
      case RTM_DELADDR: {
        const found = decodeAddress(body);
        if (found === undefined) return undefined;
        const { label: _, ...address } = found;
        const change = type === RTM_NEWADDR ? 'new' : 'deleted';
        return { kind: 'address', change, address: { ...address, dev: this.#name(address.index) } };
      }
      case RTM_NEWROUTE:
      case RTM_DELROUTE: {
        const route = decodeRoute(body);
        return route && { kind: 'route', change: type === RTM_NEWROUTE ? 'new' : 'deleted', route };
      }
      case RTM_NEWRULE:
      case RTM_DELRULE: {
        const rule = decodeRule(body);
        return rule && { kind: 'rule', change: type === RTM_NEWRULE ? 'new' : 'deleted', rule };
      }
      case RTM_NEWNEIGH:
      case RTM_DELNEIGH: {
        const found = decodeNeighbor(body);
        if (found === undefined) return undefined;
        const { index, ...neighbor } = found;
        const change = type === RTM_NEWNEIGH ? 'new' : 'deleted';
        return { kind: 'neighbor', change, neighbor: { ...neighbor, dev: this.#name(index) } };
      }
      case RTM_NEWQDISC:
      case RTM_DELQDISC:
      case RTM_NEWTFILTER:
      case RTM_DELTFILTER: {
        if (this.#ownPort !== undefined && port >>> 0 === this.#ownPort >>> 0) return undefined;
        return { kind: 'queueing', dev: this.#name(decodeQueueingChange(body)) };
      }
      default:
        return undefined;
    }
  }

  /** One message may tell of several settings. */
  #tellSettings(body: ByteReader): void {
    const found = decodeNetconf(body);
    if (found === undefined) return;
    const { family, of, values } = found;
    const word = typeof of === 'number' ? sysctlWord(this.#name(of)) : of;
    for (const [name, value] of values) {
      this.#tell({ kind: 'setting', name: `net.ipv${family}.conf.${word}.${name}`, value });
    }
  }

  #linkEvent(change: 'new' | 'deleted', body: ByteReader): KernelEvent | undefined {
    const link = decodeLink(body);
    if (link === undefined) return undefined;
    if (change === 'new') this.#names.set(link.index, link.name);
    else this.#names.delete(link.index);
    return { kind: 'link', change, link };
  }

  /** A device that is gone already has lost its name: its index then stands for it. */
  #name(index: number): string {
    return this.#names.get(index) ?? `if${index}`;
  }
}
