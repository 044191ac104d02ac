import { openNft } from '../../src/nftables/index.ts';
import { bring } from './mortal.ts';
import type { StateName } from './real-host.ts';

/** `node victim.ts NAMESPACE FROM TO N`: a process that brings a namespace from one state to another, and kills itself before its n-th write. */
const [namespace, from, to, dieAt] = process.argv.slice(2) as [string, StateName | 'nothing', StateName, string];
let writes = 0;
await bring({ namespace, nft: openNft({ namespace }) }, from, to, async () => {
  if (writes++ === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
});
process.exit(0);
