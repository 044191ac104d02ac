import { VERSION } from '../base/index.ts';

/** What `version` prints and what is compared with the cluster's version. */
export const CLIENT_VERSION = `v${VERSION}`;

/** The revision that a bundle was built from; a build sets it, running from sources there is none. */
export const COMMIT = process.env['VROUTER_COMMIT'] ?? 'unknown';
