import { spawn } from 'node:child_process';
import { type Log, reasonOf, silentLog } from '../base/index.ts';
import {
  type BatchChange,
  ElementError,
  isKernelError,
  openTableElements,
  type TableElements,
} from '../netlink/index.ts';
import { elementName } from './element-changes.ts';
import { NftError } from './errors.ts';
import { listingOf } from './kernel-listing.ts';
import { parseListing, type TableListing } from './listing.ts';
import type { Table } from './objects.ts';
import { parseRuleset, type Ruleset } from './ruleset.ts';
import { tableChanges } from './table-changes.ts';
import type { Transaction } from './transaction.ts';

/** Our own nftables tables. `NftCommand` is the real one; the tests' `FakeNft` passes the same contract. */
export interface Nft {
  /** Does all of the transaction, or none of it and rejects with `NftError`. An empty one is done at once. */
  run(transaction: Transaction): Promise<void>;
  /** The table as it is; undefined when there is none. */
  list(table: Table): Promise<TableListing | undefined>;
  /** Whether a change of which the kernel tells was one of our own: `port` is the netlink port that it came from. */
  isOwn(port: number): boolean;
  /** Closes after what is under way is finished. */
  close(): void;
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

/** For those who work out what the kernel does with a packet. */
export interface RulesetSource {
  /** The table with all that its rules say; undefined when there is none. */
  ruleset(table: Table): Promise<Ruleset | undefined>;
}

export function openNft(options: NftOptions = {}): Nft {
  return new NftCommand(options);
}

/** As `openNft`, to read whole tables. */
export function openRulesets(options: NftOptions = {}): RulesetSource {
  return new NftCommand(options);
}

/**
 * One transaction after another: what changes elements, rules, chains and sets goes to the kernel by netlink, in a
 * fraction of a millisecond; all else by a program that is started, and that first reads all chains and sets.
 */
class NftCommand implements Nft, RulesetSource {
  readonly #namespace: string | undefined;
  readonly #log: Log;
  readonly #program: string;
  #turn: Promise<unknown> = Promise.resolve();
  /** Process IDs of the last ones, which nft takes for its ports. */
  readonly #own: number[] = [];
  /** Opened when first needed; `none` where that can't be. */
  #elements: TableElements | 'none' | undefined;

  constructor({ namespace, log = silentLog, program = 'nft' }: NftOptions) {
    this.#namespace = namespace;
    this.#log = log;
    this.#program = program;
  }

  async run(transaction: Transaction): Promise<void> {
    if (transaction.isEmpty) return;
    // Printed for those alone who read it.
    const fields = {
      get nft() {
        return transaction.text;
      },
    };
    this.#log.debug(fields, 'nft transaction');
    const changes = tableChanges(transaction);
    await this.#next(async () => {
      if (changes !== undefined && (await this.#change(transaction, changes))) return;
      await this.#execute(['-f', '-'], transaction.text, 'nft transaction');
    });
  }

  async list({ family, name }: Table): Promise<TableListing | undefined> {
    const found = await this.#next(() => this.#read({ family, name }));
    // Protocols by number, as the elements of sets have them.
    return found === 'nft' ? this.#listed({ family, name }, ['-j', '-p'], parseListing) : found;
  }

  async ruleset(table: Table): Promise<Ruleset | undefined> {
    return this.#listed(table, ['-j', '-n'], parseRuleset);
  }

  async #listed<T>(
    { family, name }: Table,
    flags: readonly string[],
    parse: (json: string) => T,
  ): Promise<T | undefined> {
    const what = `nft list table ${family} ${name}`;
    try {
      return parse(await this.#next(() => this.#execute([...flags, 'list', 'table', family, name], '', what)));
    } catch (error) {
      if (error instanceof NftError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Asks the kernel itself, as far as it is known how nft says what it tells. */
  async #read(table: Table): Promise<TableListing | undefined | 'nft'> {
    const elements = (this.#elements ??= this.#openElements());
    if (elements === 'none') return 'nft';
    try {
      if (!(await elements.has(table))) return undefined;
      return listingOf(await elements.read(table)) ?? 'nft';
    } catch (error) {
      this.#log.debug({ err: reasonOf(error) }, 'a table can not be read without nft');
      return 'nft';
    }
  }

  isOwn(port: number): boolean {
    return this.#own.includes(port) || (typeof this.#elements === 'object' && port === this.#elements.port);
  }

  close(): void {
    if (typeof this.#elements === 'object') this.#elements.close();
    this.#elements = 'none';
  }

  /** Whether it could be done so; what the kernel refuses throws. */
  async #change(transaction: Transaction, changes: readonly BatchChange[]): Promise<boolean> {
    const elements = (this.#elements ??= this.#openElements());
    if (elements === 'none') return false;
    try {
      await elements.change(transaction.table, changes);
      return true;
    } catch (error) {
      // More than one batch takes: nft has its own ways.
      if (isKernelError(error, 'EMSGSIZE')) return false;
      // Nothing of it is done. What the kernel has against rules, chains and sets nft says in words that people know.
      const isRefused = error instanceof ElementError && error.change !== undefined;
      if (isRefused && !changes.every((change) => 'elements' in change)) return false;
      throw elementError(transaction, error);
    }
  }

  #openElements(): TableElements | 'none' {
    try {
      return openTableElements(this.#namespace === undefined ? {} : { namespace: this.#namespace });
    } catch (error) {
      this.#log.debug({ err: reasonOf(error) }, 'elements go by the program nft: no netlink socket for them');
      return 'none';
    }
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

/** Names the element that the kernel refuses, in nft's words. */
function elementError(transaction: Transaction, error: unknown): unknown {
  if (!isKernelError(error)) return error;
  const { change, element } = error instanceof ElementError ? error : {};
  const name = change === undefined || element === undefined ? undefined : elementName(transaction, change, element);
  const words = name === undefined ? error.reason : `element ${name}: ${error.reason}`;
  return new NftError(error.code, 'nftables elements', words, { cause: error });
}

function startError(error: NodeJS.ErrnoException, command: string, what: string): NftError {
  if (error.code !== 'ENOENT') return new NftError(error.code ?? 'NFT_REFUSED', what, error.message, { cause: error });
  if (command !== 'nsenter') return NftError.missing(error);
  const words = "the program 'nsenter' is not installed; on Debian: apt-get install util-linux";
  return new NftError('NFT_MISSING', what, words, { cause: error });
}
