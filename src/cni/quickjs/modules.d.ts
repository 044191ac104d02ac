/**
 * The modules of QuickJS, as far as the plugin uses them (its `std` and `os`), and what `deploy/plugin/host.c` adds.
 */
declare module 'qjs:std' {
  export function exit(code: number): never;
  export function getenviron(): Record<string, string>;
}

declare module 'qjs:os' {
  export const O_RDONLY: number;
  export const O_WRONLY: number;
  export const O_CREAT: number;
  export const O_TRUNC: number;
  export const S_IFMT: number;
  export const S_IFCHR: number;
  export function open(path: string, flags: number, mode?: number): number;
  export function close(descriptor: number): number;
  export function mkdir(path: string, mode: number): number;
  export function rename(from: string, to: string): number;
  export function remove(path: string): number;
  export function readdir(path: string): [names: string[], errno: number];
  export function stat(path: string): [status: { readonly ino: number; readonly mode: number } | null, errno: number];
  export function pipe(): [read: number, write: number] | null;
  export function exec(
    words: readonly string[],
    options: { block: boolean; usePath: boolean; stdin: number; stdout: number; env: Record<string, string> },
  ): number;
  export function waitpid(pid: number, options: number): [pid: number, status: number];
  export function setTimeout(action: () => void, delay: number): unknown;
  export function clearTimeout(timer: unknown): void;
}

declare module 'qjs:host' {
  export function connect(path: string): number;
  export function write(descriptor: number, text: string): number;
  export function read(descriptor: number, line: boolean, limit: number): string | number;
  export function fsync(descriptor: number): number;
  export function bind(from: string, to: string): number;
  export function unbind(path: string): number;
  export function pid(): number;
  export function words(errno: number): string;
}
