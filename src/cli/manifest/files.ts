import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { reasonOf } from '../../base/index.ts';
import { FileError } from '../errors.ts';
import type { Io } from '../io.ts';
import { unicodeText } from './unicode.ts';

/** Bytes of one file; more is no manifest. */
const MAX_SIZE = 256 * 1024 * 1024;

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

export interface SourceFile {
  /** As the user would write it. */
  readonly name: string;
  readonly text: string;
}

/**
 * The sources that `-f` names: standard input for `-`, one file, or the manifests of a directory in the order of their
 * names, with `recursive` also those of the directories in it.
 */
export async function readSources(name: string, recursive: boolean, io: Io): Promise<readonly SourceFile[]> {
  if (name === '-') {
    const text = await io.stdin();
    checkSize('standard input', text.length);
    return [{ name, text }];
  }
  if (!(await isDirectory(resolve(io.cwd, name)))) return [await read(name, io)];
  const paths = await manifestsIn(name, recursive, io);
  return Promise.all(paths.map((path) => read(path, io)));
}

async function manifestsIn(directory: string, recursive: boolean, io: Io): Promise<readonly string[]> {
  const entries = await readdir(resolve(io.cwd, directory), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (recursive) found.push(...(await manifestsIn(path, true, io)));
    } else if (EXTENSIONS.has(extname(entry.name).toLowerCase())) {
      found.push(path);
    }
  }
  return found;
}

async function read(name: string, io: Io): Promise<SourceFile> {
  const path = resolve(io.cwd, name);
  try {
    const { size } = await stat(path);
    checkSize(name, size);
    return { name, text: unicodeText(name, await readFile(path)) };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`open ${name}: ${systemMessage(error)}`, { cause: error });
  }
}

function checkSize(name: string, size: number): void {
  if (size > MAX_SIZE) throw new FileError(`${name}: ${size} bytes are more than ${MAX_SIZE}: split it`);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

const MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

function systemMessage(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return MESSAGES[code] ?? reasonOf(error);
}
