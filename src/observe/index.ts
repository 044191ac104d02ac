/**
 * observe: what people and machines may see of a node, and no way to change it.
 *
 * `log` is pino behind the `Log` interface of base; `metrics` is prom-client behind one class; `pages` are health,
 * readiness and metrics over HTTP. All of them read one plain value, the `NodeReport`, which `calicoctl node status` shows too.
 */

export { ALIAS_SETS, type AliasSet } from './alias-names.ts';
export type { NodeFigures, PeerFigures, RpkiCacheFigures } from './figures.ts';
export { type ComponentHealth, componentHealth, type Health, nodeHealth } from './health.ts';
export { Heartbeat } from './heartbeat.ts';
export { type Page, PageServer, type Pages, type RestOfPages, type Serving, type TlsFiles, text } from './http.ts';
export type { IpamMetric, IpamSamples, Sample } from './ipam-metrics.ts';
export { createLog, journal, LOG_LEVELS, type LogLevel } from './log.ts';
export { Metrics } from './metrics.ts';
export { nodePages } from './pages.ts';
export type { PathFigures } from './path-metrics.ts';
export type { RuleSample } from './policy-metrics.ts';
export type { FsmState, NodeReport, ReportedPeer } from './report.ts';
