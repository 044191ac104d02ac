import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** `TCP_LISTEN` of the kernel's include/net/tcp_states.h, as /proc/net/tcp prints it. */
const LISTEN = '0A';

/**
 * The process that listens on a TCP port of this host, as `bird (pid 812)`; undefined when none does, or when it can't
 * be seen from here. Read from /proc, for a sentence that people read: never for a decision.
 */
export function portHolder(port: number, proc = '/proc'): string | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeners(`${proc}/net/${table}`, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of entries(proc)) {
    if (!/^\d+$/.test(pid)) continue;
    const holds = entries(`${proc}/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`${proc}/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
    if (holds) return `${programOf(`${proc}/${pid}`)} (pid ${pid})`;
  }
  return undefined;
}

/** As it was called; its thread's name where nothing is left of that. */
function programOf(process: string): string {
  return basename(read(`${process}/cmdline`).split('\0')[0]) || read(`${process}/comm`).trim();
}

/** Inodes of the sockets that listen on the port: the tenth column. */
function listeners(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return read(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTEN && local.endsWith(`:${hex}`))
    .map((columns) => columns[9] ?? '');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
