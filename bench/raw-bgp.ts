/**
 * As much BGP as measurements need, independent of vRouter's own: encoded beforehand, and read by lengths alone.
 */
const MARKER = Buffer.alloc(16, 0xff);
const HEADER = 19;
/** Every prefix of a measurement is a /26: one octet of length, four of address. */
const NLRI = 5;
const MAX_MESSAGE = 4096;

export function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(3);
  header.writeUInt16BE(HEADER + body.length);
  header[2] = type;
  return Buffer.concat([MARKER, header, body]);
}

export function quad(address: string): number[] {
  return address.split('.').map(Number);
}

export const KEEPALIVE = message(4, Buffer.alloc(0));

/** With IPv4 unicast and four-octet AS numbers. `holdTime` in seconds. */
export function openMessage(asn: number, routerId: string, holdTime: number): Buffer {
  const as = [asn >>> 24, (asn >>> 16) & 255, (asn >>> 8) & 255, asn & 255];
  const capabilities = [2, 12, 1, 4, 0, 1, 0, 1, 65, 4, ...as];
  const fixed = [4, as[2], as[3], holdTime >> 8, holdTime & 255, ...quad(routerId)];
  return message(1, Buffer.from([...fixed, capabilities.length, ...capabilities]));
}

export interface Announcement {
  readonly nextHop: string;
  /** Of an external sender; none for an internal one. */
  readonly asPath: readonly number[];
  readonly med?: number;
}

/** The first address of the prefix with a number. */
function prefixAt(number: number): number {
  return 0x0a000000 + number * 64;
}

/** An address in the prefix with a number. */
export function hostIn(number: number): string {
  const address = prefixAt(number) + 1;
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** Prefixes `first` to `first + count` of 10.0.0.0/26, 10.0.0.64/26 …: 262,144 in 10/8, then 11/8 and so on. */
export function announcements(first: number, count: number, { nextHop, asPath, med }: Announcement): Buffer {
  const path = asPath.flatMap((asn) => [asn >>> 24, (asn >>> 16) & 255, (asn >>> 8) & 255, asn & 255]);
  const attributes = Buffer.from([
    ...[0x40, 1, 1, 0],
    ...(asPath.length === 0 ? [0x40, 2, 0] : [0x40, 2, 2 + path.length, 2, asPath.length, ...path]),
    ...[0x40, 3, 4, ...quad(nextHop)],
    ...(med === undefined ? [] : [0x80, 4, 4, 0, 0, med >> 8, med & 255]),
    ...(asPath.length === 0 ? [0x40, 5, 4, 0, 0, 0, 100] : []),
  ]);
  const length = Buffer.from([attributes.length >> 8, attributes.length & 255]);
  return inMessages(first, count, MAX_MESSAGE - HEADER - 4 - attributes.length, (nlri) =>
    message(2, Buffer.concat([Buffer.from([0, 0]), length, attributes, nlri])),
  );
}

export function withdrawals(first: number, count: number): Buffer {
  return inMessages(first, count, MAX_MESSAGE - HEADER - 4, (nlri) =>
    message(2, Buffer.concat([Buffer.from([nlri.length >> 8, nlri.length & 255]), nlri, Buffer.from([0, 0])])),
  );
}

function inMessages(first: number, count: number, room: number, build: (nlri: Buffer) => Buffer): Buffer {
  const each = Math.floor(room / NLRI);
  const messages: Buffer[] = [];
  for (let at = 0; at < count; at += each) {
    const nlri = Buffer.alloc(Math.min(each, count - at) * NLRI);
    for (let index = 0; index < nlri.length / NLRI; index++) {
      nlri[index * NLRI] = 26;
      nlri.writeUInt32BE(prefixAt(first + at + index), index * NLRI + 1);
    }
    messages.push(build(nlri));
  }
  return Buffer.concat(messages);
}

export interface MessageListener {
  open(): void;
  keepalive(): void;
  notification(code: number, subcode: number): void;
  /** Numbers of prefixes, by the lengths of the sections. */
  update(announced: number, withdrawn: number): void;
}

/** Cuts a stream into messages. Bytes may be written over after each call. */
export class MessageReader {
  readonly #listener: MessageListener;
  /** The beginning of a message whose end has not come. */
  #rest = Buffer.alloc(0);

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  read(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = (bytes[at + 16] << 8) | bytes[at + 17];
      if (bytes.length - at < length) break;
      this.#message(bytes, at, length);
      at += length;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #message(bytes: Uint8Array, at: number, length: number): void {
    switch (bytes[at + 18]) {
      case 1:
        this.#listener.open();
        break;
      case 2: {
        const withdrawn = (bytes[at + 19] << 8) | bytes[at + 20];
        const attributes = (bytes[at + 21 + withdrawn] << 8) | bytes[at + 22 + withdrawn];
        this.#listener.update((length - HEADER - 4 - withdrawn - attributes) / NLRI, withdrawn / NLRI);
        break;
      }
      case 3:
        this.#listener.notification(bytes[at + 19], bytes[at + 20]);
        break;
      case 4:
        this.#listener.keepalive();
        break;
    }
  }
}
