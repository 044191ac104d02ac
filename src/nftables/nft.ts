import { spawn } from 'node:child_process';
import { type Log, silentLog } from '../base/index.ts';
import { NftError } from './errors.ts';
import { parseListing, type TableListing } from './listing.ts';
import type { Table } from './objects.ts';
import type { Transaction } from './transaction.ts';

/** Our own nftables tables. `NftCommand` is the real one; the tests' `FakeNft` passes the same contract. */
export interface Nft {
  /** Does all of the transaction, or none of it and rejects with `NftError`. An empty one is done at once. */
  run(transaction: Transaction): Promise<void>;
  /** The table as it is; undefined when there is none. */
  list(table: Table): Promise<TableListing | undefined>;
  /** Whether a change of which the kernel tells was one of our own: `port` is the netlink port that it came from. */
  isOwn(port: number): boolean;
}

export interface NftOptions {
  /** Path of the network namespace to work in; default: the process's own. */
  readonly namespace?: string;
  readonly log?: Log;
  /** The program; default: `nft` by the PATH. */
  readonly program?: string;
}

/** nft answers in milliseconds; one that does not within this many has hung, and is ended. */
const TIMEOUT = 30_000;
/** Process IDs come again, so no more are remembered than the kernel's word may be late for. */
const REMEMBERED = 32;
/** Where Debian keeps nft, for services that are started with a short PATH. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/sbin:/sbin';

export function openNft(options: NftOptions = {}): Nft {
  return new NftCommand(options);
}

/** Runs `nft`, one transaction after another. */
class NftCommand implements Nft {
  readonly #namespace: string | undefined;
  readonly #log: Log;
  readonly #program: string;
  #turn: Promise<unknown> = Promise.resolve();
  /** Process IDs of the last ones, which nft takes for its ports. */
  readonly #own: number[] = [];

  constructor({ namespace, log = silentLog, program = 'nft' }: NftOptions) {
    this.#namespace = namespace;
    this.#log = log;
    this.#program = program;
  }

  async run(transaction: Transaction): Promise<void> {
    if (transaction.isEmpty) return;
    const { text } = transaction;
    this.#log.debug({ nft: text }, 'nft transaction');
    await this.#next(() => this.#execute(['-f', '-'], text, 'nft transaction'));
  }

  async list({ family, name }: Table): Promise<TableListing | undefined> {
    const what = `nft list table ${family} ${name}`;
    try {
      return parseListing(await this.#next(() => this.#execute(['-j', 'list', 'table', family, name], '', what)));
    } catch (error) {
      if (error instanceof NftError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  isOwn(port: number): boolean {
    return this.#own.includes(port);
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #execute(args: readonly string[], input: string, what: string): Promise<string> {
    const inside = this.#namespace === undefined ? [] : ['nsenter', `--net=${this.#namespace}`];
    const [command, ...rest] = [...inside, this.#program, ...args];
    const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:${SYSTEM_PATH}` };
    return new Promise((resolve, reject) => {
      const child = spawn(command, rest, { env, signal: AbortSignal.timeout(TIMEOUT) });
      if (child.pid !== undefined && input !== '') this.#own.push(child.pid);
      if (this.#own.length > REMEMBERED) this.#own.shift();
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', (error: NodeJS.ErrnoException) => reject(startError(error, command, what)));
      child.on('close', (code) => {
        if (code === 0) resolve(stdout);
        // nsenter's own way of saying that the program it should run is not there.
        else if (code === 127) reject(NftError.missing(new Error(stderr.trim())));
        else reject(NftError.refused(what, stderr));
      });
      // A child that ends before it has read all closes the pipe; its exit code tells why.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
  }
}

function startError(error: NodeJS.ErrnoException, command: string, what: string): NftError {
  if (error.code !== 'ENOENT') return new NftError(error.code ?? 'NFT_REFUSED', what, error.message, { cause: error });
  if (command !== 'nsenter') return NftError.missing(error);
  const words = "the program 'nsenter' is not installed; on Debian: apt-get install util-linux";
  return new NftError('NFT_MISSING', what, words, { cause: error });
}
