import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';

/** A file that the browser gets. */
export interface Asset {
  readonly type: string;
  readonly body: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * The files by their paths. In a package they stand ready in `page/` beside the program; whoever runs from the sources gets
 * these, with their types taken off on the way, so that a change is seen with the next start.
 */
export function readAssets(): ReadonlyMap<string, Asset> {
  const isSource = import.meta.url.endsWith('.ts');
  return new Map((isSource ? [...sources()] : [...built()]).map(([name, body]) => [pathOf(name), asset(name, body)]));
}

/** Files of `base` that the browser has too: what an address is, everybody has from there. */
const SHARED = ['address', 'errors', 'ipv4', 'ipv6', 'prefix'] as const;

/** The same as `deploy/bundle.ts` writes: names and texts. */
export function* sources(): Generator<readonly [name: string, body: string]> {
  const folder = new URL('browser/', import.meta.url);
  for (const file of readdirSync(folder).sort()) {
    const text = (): string => readFileSync(new URL(file, folder), 'utf8');
    if (file.endsWith('.ts')) yield [file.replace(/ts$/, 'js'), browserModule(text())];
    else if (/\.(html|css|svg)$/.test(file)) yield [file, text()];
  }
  for (const name of SHARED)
    yield [
      `base-${name}.js`,
      browserModule(readFileSync(new URL(`../base/${name}.ts`, import.meta.url), 'utf8')).replaceAll(
        /(from '\.\/)(?!base-)/g,
        '$1base-',
      ),
    ];
  yield [
    'preact.js',
    readFileSync(createRequire(import.meta.url).resolve('preact'), 'utf8').replace(/\n\/\/# .*$/m, ''),
  ];
}

/** Each line stays where it is: what a browser shows of an error is where it is in the sources. */
function browserModule(text: string): string {
  return stripTypeScriptTypes(text)
    .replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'")
    .replace(/from '\.\.\/\.\.\/base\/([\w-]+)\.ts'/g, "from './base-$1.js'")
    .replace(/from 'preact'/g, "from './preact.js'");
}

/** A program may be in `chunks/`. */
function* built(): Generator<readonly [name: string, body: string]> {
  const folder = new URL(import.meta.url.includes('/chunks/') ? '../page/' : 'page/', import.meta.url);
  for (const file of readdirSync(folder)) yield [file, readFileSync(new URL(file, folder), 'utf8')];
}

function pathOf(name: string): string {
  return name === 'index.html' ? '/' : `/${name}`;
}

function asset(name: string, body: string): Asset {
  const type = TYPES[name.split('.').at(-1) ?? ''];
  return { type, body, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"` };
}
