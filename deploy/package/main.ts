import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { buildLibrary } from './library.ts';
import { type Manifest, published } from './published.ts';

/**
 * What `npm pack` runs in the folder of a package: `before` builds, and puts the `package.json` of the archive in place
 * of the clone's; `after` puts the clone's back. Where npm died between the two, the next `before` does.
 */
const ORIGINAL = 'package.json.tmp';

async function before(): Promise<void> {
  after();
  const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const library = manifest.name === 'bgp-speaker-ts';
  if (library) await buildLibrary();
  else execFileSync(process.execPath, ['deploy/bundle.ts'], { stdio: ['ignore', 2, 2] });
  const said = published(manifest, !library && existsSync('dist/calico') ? process.arch : undefined);
  renameSync('package.json', ORIGINAL);
  writeFileSync('package.json', `${JSON.stringify(said, null, 2)}\n`);
}

function after(): void {
  if (existsSync(ORIGINAL)) renameSync(ORIGINAL, 'package.json');
  // Nobody in the clone reads it, and it would be taken for sources.
  if (existsSync('index.ts')) rmSync('dist', { recursive: true, force: true });
}

const verb = process.argv[2];
if (verb === 'before') await before();
else if (verb === 'after') after();
else throw new Error(`unknown verb '${verb}': use before or after`);
