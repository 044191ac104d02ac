import { Counter, Gauge, type Registry } from 'prom-client';
import type { Heartbeat } from './heartbeat.ts';
import { tunnelDrops } from './tunnel-drops.ts';

/** Whether the daemon turns, and how late it is now: what an alert goes by when nothing else moves. */
export function defineLiveness(
  registers: Registry[],
  heartbeat: Pick<Heartbeat, 'lag' | 'lastBeat'> = { lag: 0, lastBeat: 0 },
): void {
  new Gauge({
    name: 'vrouter_event_loop_lag_seconds',
    help: 'How late the event loop is now',
    registers,
    collect() {
      this.set(heartbeat.lag);
    },
  });
  new Gauge({
    name: 'vrouter_heartbeat_timestamp_seconds',
    help: 'The last beat of the event loop, one a second, in seconds since 1970',
    registers,
    collect() {
      this.set(heartbeat.lastBeat);
    },
  });
}

/** Packets that tunnels lost; the kernel counts them. */
export function defineTunnelDrops(registers: Registry[], drops = tunnelDrops): void {
  new Counter({
    name: 'vrouter_tunnel_drops_total',
    help: 'Packets that a tunnel device dropped or could not send',
    labelNames: ['device', 'direction'],
    registers,
    collect() {
      this.reset();
      for (const { device, direction, count } of drops()) this.inc({ device, direction }, count);
    },
  });
}

/** News that woke nothing: heartbeats, conditions, other nodes' pods. */
export function defineIgnored(
  registers: Registry[],
  ignored: () => ReadonlyMap<string, number> = () => new Map(),
): void {
  new Counter({
    name: 'vrouter_updates_ignored_total',
    help: 'Updates of the datastore that said nothing new to this node, by kind',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [kind, count] of ignored()) this.inc({ kind }, count);
    },
  });
}
