import type { Registry } from 'prom-client';
import { counter, gauge } from './define.ts';
import type { NodeFigures } from './figures.ts';
import type { NodeReport } from './report.ts';

/** The node as a whole: what runs, what it is told, and what it has made of that. */
export function defineNodeMetrics(registers: Registry[], status: () => NodeReport, figures: () => NodeFigures): void {
  gauge(registers, 'vrouter_build_info', 'The version that runs', ['version'], () => [
    [{ version: status().version }, 1],
  ]);
  gauge(registers, 'vrouter_ready', 'Whether the node is ready', [], () => [[{}, Number(status().ready)]]);
  gauge(registers, 'vrouter_problems', 'Problems of this node', [], () => [[{}, status().problems.length]]);
  gauge(registers, 'vrouter_config_loaded_bool', 'Whether what the cluster says has been applied once', [], () => [
    [{}, Number(figures().config.loaded)],
  ]);
  gauge(
    registers,
    'vrouter_config_stale_bool',
    'Whether what is applied is not what the cluster says now: some of it was refused or not understood, or the datastore has not been read yet',
    [],
    () => [[{}, Number(figures().config.stale)]],
  );
  gauge(
    registers,
    'vrouter_component_heartbeat_age_seconds',
    'For how long a component has been at one piece of work without an end; 0: it waits for work',
    ['component'],
    () => Object.entries(figures().heartbeats).map(([component, age]) => [{ component }, age]),
  );
  gauge(registers, 'vrouter_datastore_connected', 'Whether all watched kinds are in sync', ['type'], () => {
    const { datastore } = status();
    return [[{ type: datastore.type }, Number(datastore.inSync)]];
  });
  gauge(registers, 'vrouter_datastore_last_event_age_seconds', 'Since the datastore was last heard of', [], () => [
    [{}, status().datastore.lastEventAgeSeconds],
  ]);
  gauge(registers, 'vrouter_datastore_objects', 'Objects of the datastore that are understood, by kind', ['kind'], () =>
    figures().objects.map(({ kind, count }) => [{ kind }, count]),
  );
  gauge(registers, 'vrouter_ipam_blocks', 'Blocks of this node', [], () => [[{}, status().blocks.length]]);
  gauge(registers, 'vrouter_ipam_addresses', 'Addresses of the blocks of this node', [], () => [
    [{}, status().blocks.reduce((sum, block) => sum + block.size, 0)],
  ]);
  gauge(registers, 'vrouter_ipam_addresses_in_use', 'Addresses in use in blocks of this node', [], () => [
    [{}, status().blocks.reduce((sum, block) => sum + block.inUse, 0)],
  ]);
  gauge(registers, 'vrouter_endpoints', 'Pods of this node, and what is astray', ['state'], () => {
    const { desired, missing, strange } = status().endpoints ?? { desired: 0, missing: 0, strange: 0 };
    return Object.entries({ desired, missing, strange }).map(([state, count]) => [{ state }, count]);
  });
  const held = ['endpoints', 'policies', 'sets'] as const;
  gauge(
    registers,
    'vrouter_policy_objects',
    'What policy holds here: endpoints under it, policies that they are held to, sets that its rules look into',
    ['what'],
    () => held.map((what) => [{ what }, figures().policy[what]]),
  );
}

/** Routes of ours, wanted and written. */
export function defineRouteMetrics(
  registers: Registry[],
  status: () => NodeReport,
  figures: () => NodeFigures,
  written: () => Readonly<Record<string, number>>,
): void {
  gauge(
    registers,
    'vrouter_routes',
    'Routes that this node wants in the kernel, by who says so',
    ['proto', 'table', 'afi'],
    () => figures().routes.map(({ count, ...labels }) => [labels, count]),
  );
  gauge(registers, 'vrouter_routes_programmed', 'Routes of ours in the kernel', [], () => [
    [{}, status().routes.programmed],
  ]);
  gauge(registers, 'vrouter_routes_failed', 'Routes of ours that the kernel refuses', [], () => [
    [{}, status().routes.failed],
  ]);
  counter(registers, 'vrouter_route_writes_total', 'Route changes that the kernel took', ['verb'], () =>
    Object.entries(written()).map(([verb, count]) => [{ verb }, count]),
  );
}
