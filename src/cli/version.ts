import { VERSION } from '../base/index.ts';

/** The version that `version` prints and compares with the cluster's. */
export const CLIENT_VERSION = `v${VERSION}`;

/** The revision that a bundle was built from; a build sets it, running from sources there is none. */
export const COMMIT = process.env['VROUTER_COMMIT'] ?? 'unknown';
