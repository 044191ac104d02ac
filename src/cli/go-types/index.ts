/**
 * go-types: what Go's decoder and encoder know of Calico's API.
 *
 *   structs.ts  the structs, as one table of text       decode.ts  what a manifest means, or why it can't be decoded
 *   felix.ts    the longest of them                     custom.ts  the types that decode themselves
 *   parse.ts    that text read                          encode.ts  an object without what Go leaves out
 *
 * Calico's calicoctl decodes a manifest into Go's structs before anything is written, and prints what it encodes from
 * them. The words of its errors, the fields that it refuses and those that it doesn't print come from there.
 */
export { decode } from './decode.ts';
export { encoded, filled } from './encode.ts';
