import type { Filter, PeerConfig } from '../../api.ts';

const NOTHING: Filter = { name: 'default-deny', rules: [], default: 'reject' };

/** RFC 8212: an external peer without a filter gets and gives nothing. */
export function withDefaultDeny(config: PeerConfig, asn: number): PeerConfig {
  if (config.remoteAs === (config.localAs ?? asn)) return config;
  return { ...config, importFilter: config.importFilter ?? NOTHING, exportFilter: config.exportFilter ?? NOTHING };
}
