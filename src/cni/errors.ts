/** Error codes of the CNI specification (§ Error), and where runtimes act on them. */
export const cniErrors = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decoding: 6,
  invalidConfig: 7,
  /** The runtime should try again later. */
  tryAgain: 11,
  /** STATUS: the plugin can't take ADD requests now. */
  notAvailable: 50,
  internal: 999,
} as const;

/** The error that goes to stdout instead of a result. */
export class CniError extends Error {
  readonly cniCode: number;
  readonly details: string;

  constructor(cniCode: number, message: string, details = '') {
    super(message);
    this.name = 'CniError';
    this.cniCode = cniCode;
    this.details = details;
  }
}
