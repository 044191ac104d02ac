/** Beginning and end of a refresh (RFC 7313), as whole messages. */
export interface RefreshMarks {
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
}
