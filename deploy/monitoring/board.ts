/** One picture: what it shows and how. */
export interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries' | 'table' | 'gauge' | 'heatmap';
  /** PromQL; with what each series is called. */
  readonly targets: readonly (readonly [expr: string, legend: string])[];
  /** Grafana's unit id: `short`, `s`, `bytes`, `pps`, `percentunit`, `bool_on_off`. */
  readonly unit: string;
  /** Of 24 columns; default: 8. */
  readonly width?: number;
  readonly description?: string;
}

export interface Board {
  /** Stable: `vrouter-bgp`. */
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Whether `$peer` is asked for too. */
  readonly byPeer?: boolean;
}

const HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
/** The series of what is chosen above the board. */
export const NODES = 'cluster=~"$cluster",instance=~"$node"';
export const PEERS = `${NODES},peer=~"$peer"`;

/** A choice above the board, with all as one of the choices; series without the label are among all. */
function variable(name: string, label: string, query: string) {
  return {
    ...{ name, label, type: 'query', datasource: DATASOURCE, query: { query, refId: name }, definition: query },
    ...{
      includeAll: true,
      allValue: '.*',
      multi: true,
      refresh: 2,
      sort: 1,
      current: { text: 'All', value: '$__all' },
    },
  };
}

function annotation(name: string, expr: string, iconColor: string) {
  return {
    name,
    enable: true,
    datasource: DATASOURCE,
    expr,
    iconColor,
    step: '60s',
    titleFormat: name,
    textFormat: '{{instance}}',
  };
}

/** As Grafana imports it (schema version 39). */
export function dashboard({ uid, title, panels, byPeer = false }: Board) {
  let [x, y, id] = [0, 0, 0];
  const placed = panels.map(({ width = 8, kind, unit, targets, ...panel }) => {
    if (x + width > 24) [x, y] = [0, y + HEIGHT];
    const gridPos = { x, y, w: width, h: HEIGHT };
    x += width;
    return {
      ...{
        id: ++id,
        type: kind,
        title: panel.title,
        description: panel.description ?? '',
        datasource: DATASOURCE,
        gridPos,
      },
      fieldConfig: { defaults: { unit, ...(unit === 'percentunit' && { min: 0, max: 1 }) }, overrides: [] },
      options: kind === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'] } } : {},
      targets: targets.map(([expr, legendFormat], at) => ({
        ...{ refId: String.fromCharCode(65 + at), datasource: DATASOURCE, expr, legendFormat },
        ...(kind === 'table' && { format: 'table', instant: true }),
        ...(kind === 'heatmap' && { format: 'heatmap' }),
      })),
    };
  });
  return {
    ...{ id: null, uid, title, tags: ['vrouter', 'cni', 'bgp'], schemaVersion: 39, version: 1, editable: true },
    ...{ refresh: '30s', time: { from: 'now-1h', to: 'now' }, timezone: 'browser', graphTooltip: 1 },
    links: [
      { title: 'vRouter', type: 'dashboards', tags: ['vrouter'], asDropdown: true, includeVars: true, keepTime: true },
    ],
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        variable('cluster', 'Cluster', 'label_values(vrouter_build_info, cluster)'),
        variable('node', 'Node', 'label_values(vrouter_build_info{cluster=~"$cluster"}, instance)'),
        ...(byPeer ? [variable('peer', 'Peer', `label_values(vrouter_bgp_session_up{${NODES}}, peer)`)] : []),
      ],
    },
    annotations: {
      list: [
        annotation('Restart', `changes(process_start_time_seconds{${NODES}}[1m]) > 0`, 'orange'),
        annotation('Configuration stale', `vrouter_config_stale_bool{${NODES}} == 1`, 'red'),
      ],
    },
    panels: placed,
  };
}
