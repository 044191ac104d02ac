import { VRouterError } from '../base/index.ts';

/** How nft ends its complaints, and the errno that the words stand for. */
const WORDS: readonly (readonly [words: string, code: string])[] = [
  ['No such file or directory', 'ENOENT'],
  ['element does not exist', 'ENOENT'],
  ['File exists', 'EEXIST'],
  ['conflicting intervals', 'EEXIST'],
  ['interval overlaps', 'EEXIST'],
  ['Device or resource busy', 'EBUSY'],
  ['Operation not permitted', 'EPERM'],
  ['Operation not supported', 'EOPNOTSUPP'],
  // A set that is too large.
  ['Too many open files in system', 'ENFILE'],
  ['No space left on device', 'ENOSPC'],
  ['Cannot allocate memory', 'ENOMEM'],
];

/**
 * nft refused a transaction, could not be run, or answered what we can't read. `code` is the errno's name where nft's
 * words tell it, else `NFT_REFUSED` (it does not understand), `NFT_MISSING` (no such program), `NFT_NAMESPACE` (the
 * namespace can't be entered), `NFT_OUTPUT`, or `NFT_INVALID` (a name or an element that must not reach it). `words` are
 * nft's own.
 */
export class NftError extends VRouterError {
  readonly words: string;

  constructor(code: string, what: string, words: string, options?: ErrorOptions) {
    super(code, `${what}: ${words} (${code})`, options);
    this.words = words;
  }

  static refused(what: string, stderr: string): NftError {
    const words = stderr.trim() || 'nft failed without a word';
    if (words.startsWith('nsenter:')) return new NftError('NFT_NAMESPACE', what, words);
    const code = WORDS.find(([text]) => words.includes(text))?.[1] ?? 'NFT_REFUSED';
    return new NftError(code, what, words);
  }

  static missing(cause: unknown): NftError {
    const words = "the program 'nft' is not installed; on Debian: apt-get install nftables";
    return new NftError('NFT_MISSING', 'nftables', words, { cause });
  }
}
