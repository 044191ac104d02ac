/** Whose names for metrics the daemon can answer to besides its own: Felix, kube-controllers, frr_exporter, bird_exporter. */
export const ALIAS_SETS = ['felix', 'calico', 'frr', 'bird'] as const;
export type AliasSet = (typeof ALIAS_SETS)[number];
