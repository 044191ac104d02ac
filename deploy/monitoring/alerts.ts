import type { Alert } from './alert.ts';
import { BGP_ALERTS } from './bgp-alerts.ts';
import { NODE_ALERTS } from './node-alerts.ts';
import { PATH_ALERTS } from './path-alerts.ts';
import { POD_ALERTS } from './pod-alerts.ts';

/** By the group that Prometheus evaluates together. */
export const ALERTS: Readonly<Record<string, readonly Alert[]>> = {
  bgp: BGP_ALERTS,
  node: NODE_ALERTS,
  paths: PATH_ALERTS,
  pods: POD_ALERTS,
};
