import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * What runs in a test sees the programs of `deploy/programs.txt`, what every Debian has, Node, npm, and nothing else: one folder of
 * links is its PATH. So a program that set-up would not install is missing here too, not only on somebody else's machine.
 */

/** A line of `deploy/programs.txt`. */
export interface Program {
  /** Its name, or the path of a file. */
  readonly program: string;
  readonly package: string;
  readonly use: string;
}

const TABLE = 'deploy/programs.txt';
/** dpkg's record of what is installed. */
const STATUS = '/var/lib/dpkg/status';
const PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const FOLDER = resolve('node_modules/.programs');

export function readPrograms(): readonly Program[] {
  return readFileSync(TABLE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [program, name, use] = line.split(/ +/);
      return { program, package: name, use };
    });
}

/** The PATH of tests, with its folder as it has to be now. A system that is not Debian keeps its own. */
export function pathOfTests(): string {
  if (!existsSync(STATUS)) return process.env['PATH'] ?? '';
  const wanted = new Map<string, string>([['node', process.execPath]]);
  const named = readPrograms()
    .map(({ program }) => program)
    .filter((program) => !program.startsWith('/'));
  const npm = placeOfNpm();
  if (npm !== undefined) wanted.set('npm', npm);
  for (const name of [...essential(), ...named]) {
    const path = PLACES.map((place) => join(place, name)).find((candidate) => existsSync(candidate));
    if (path !== undefined) wanted.set(name, path);
  }
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER)) {
    if (readlinkSync(join(FOLDER, name)) !== wanted.get(name)) rmSync(join(FOLDER, name));
  }
  for (const [name, path] of wanted) if (!existsSync(join(FOLDER, name))) symlinkSync(path, join(FOLDER, name));
  return `${resolve('node_modules/.bin')}:${FOLDER}`;
}

/** Whoever runs the tests has npm, from wherever. */
function placeOfNpm(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(':').filter((place) => !place.includes('node_modules'));
  return [...places, ...PLACES].map((place) => join(place, 'npm')).find((candidate) => existsSync(candidate));
}

/** The programs of the packages that no Debian is without. */
function essential(): readonly string[] {
  const packages = readFileSync(STATUS, 'utf8')
    .split('\n\n')
    .filter((entry) => /^Essential: yes$/m.test(entry))
    .map((entry) => entry.slice('Package: '.length, entry.indexOf('\n')));
  return execFileSync('dpkg-query', ['-L', ...packages], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => PLACES.includes(dirname(path)))
    .map((path) => basename(path));
}
