import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/** The image that every sandbox and container of the tests runs: busybox, nothing else. Nothing is pulled. */
export const IMAGE = 'localhost/vrouter/busybox:1';

/** Names under which busybox is called in the image. */
const APPLETS = ['sh', 'sleep', 'ip', 'ping', 'nc', 'cat', 'httpd', 'wget'];

const BLOCK = 512;

/** Writes the image as `docker save` would: a tar with a layer, its configuration and a manifest. */
export function writeImage(path: string, busybox = '/bin/busybox'): void {
  const layer = tar([
    ...['bin/', 'etc/', 'proc/', 'sys/', 'tmp/', 'www/'].map((name) => entry(name, '5')),
    entry('bin/busybox', '0', readFileSync(busybox), 0o755),
    ...APPLETS.map((name) => entry(`bin/${name}`, '2', undefined, 0o777, 'busybox')),
  ]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['/bin/sleep', '86400'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const manifest = [{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }];
  writeFileSync(
    path,
    tar([
      entry('config.json', '0', config),
      entry('layer.tar', '0', layer),
      entry('manifest.json', '0', Buffer.from(JSON.stringify(manifest))),
    ]),
  );
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function tar(entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/** One entry in the ustar format of POSIX: `type` is 0 for a file, 2 for a symbolic link, 5 for a folder. */
function entry(
  name: string,
  type: '0' | '2' | '5',
  content: Buffer = Buffer.alloc(0),
  mode = 0o755,
  target = '',
): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): number =>
    header.write(value.toString(8).padStart(length - 1, '0'), at);
  header.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(target, 157);
  header.write('ustar\x0000', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}
