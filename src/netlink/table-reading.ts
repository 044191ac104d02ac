import { type ByteReader, OutOfBytes } from '../base/index.ts';
import type { BatchSocket } from './batch-socket.ts';
import { ElementError } from './table-changes.ts';
import type { DumpedElement, TableDump } from './table-dump.ts';
import { decodeError } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName } from './wire/errno.ts';
import { forEachMessage, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './wire/message.ts';
import {
  decodeDumpedChain,
  decodeDumpedElements,
  decodeDumpedRule,
  decodeDumpedSet,
  decodeGeneration,
  encodeElementDump,
  encodeGenerationQuery,
  encodeTableDump,
} from './wire/table-dump.ts';

type NamedTable = { readonly family: string; readonly name: string };

/** Readings of a table that somebody changes meanwhile, before it is left to others. */
const ATTEMPTS = 3;

/** Sets without names belong to a rule. */
const NFT_SET_ANONYMOUS = 1;

/** Reads a table kind by kind, and again where the generation of the rules says that it was not one moment. */
export async function readTable(socket: BatchSocket, table: NamedTable): Promise<TableDump> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await generation(socket);
    const dump = await readOnce(socket, table);
    if (dump !== undefined && (await generation(socket)) === before) return dump;
  }
  throw new ElementError('EAGAIN', 'somebody changes tables all the time');
}

/** Undefined where the kernel says itself that it was interrupted. */
async function readOnce(socket: BatchSocket, table: NamedTable): Promise<TableDump | undefined> {
  const { name } = table;
  const chains = await dumped(socket, encodeTableDump('chains', table), (body) => decodeDumpedChain(body, name));
  const rules = await dumped(socket, encodeTableDump('rules', table), (body) => decodeDumpedRule(body, name));
  const found = await dumped(socket, encodeTableDump('sets', table), (body) => decodeDumpedSet(body, name));
  if (chains === undefined || rules === undefined || found === undefined) return undefined;
  const sets: ((typeof found)[number] & { readonly elements: readonly DumpedElement[] })[] = [];
  for (const set of found) {
    if ((set.flags & NFT_SET_ANONYMOUS) !== 0) continue;
    const lists = await dumped(socket, encodeElementDump(table, set.set), decodeDumpedElements);
    if (lists === undefined) return undefined;
    sets.push({ ...set, elements: lists.flat() });
  }
  return { chains, rules, sets };
}

async function generation(socket: BatchSocket): Promise<number | undefined> {
  let found: number | undefined;
  await socket.exchange(encodeGenerationQuery(), (datagram) =>
    messages(datagram, (type, body) => {
      found ??= decodeGeneration(type, body);
    }),
  );
  return found;
}

/** What `decode` makes of each answer; undefined where the dump was interrupted. */
async function dumped<T>(
  socket: BatchSocket,
  request: Uint8Array,
  decode: (body: ByteReader) => T | undefined,
): Promise<readonly T[] | undefined> {
  const found: T[] = [];
  let [isInterrupted, isDone] = [false, false];
  await socket.exchange(request, (datagram) =>
    messages(datagram, (type, body, flags) => {
      if ((flags & NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
      if (type === NLMSG_DONE) isDone = true;
      else {
        const one = decode(body);
        if (one !== undefined) found.push(one);
      }
    }),
  );
  if (!isDone && !isInterrupted) throw new ElementError('ENOBUFS', 'the answer of the kernel was lost');
  return isInterrupted ? undefined : found;
}

function messages(datagram: Uint8Array, visit: (type: number, body: ByteReader, flags: number) => void): void {
  try {
    forEachMessage(datagram, ({ type, flags, body }) => {
      const errno = type === NLMSG_ERROR ? decodeError(flags, body).errno : 0;
      if (errno !== 0) throw new ElementError(errnoName(errno), errnoMeaning(errno));
      if (type !== NLMSG_ERROR) visit(type, body, flags);
    });
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
    throw new ElementError('MALFORMED', error.message);
  }
}
