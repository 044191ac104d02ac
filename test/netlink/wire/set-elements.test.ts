import t from 'tap';
import { ByteReader } from '../../../src/base/index.ts';
import type { ElementChange } from '../../../src/netlink/index.ts';
import { decodeError } from '../../../src/netlink/wire/acknowledgement.ts';
import { HEADER_LENGTH } from '../../../src/netlink/wire/message.ts';
import { encodeBatchEdges, NFNL_SUBSYS_NFTABLES } from '../../../src/netlink/wire/nfnetlink.ts';
import { decodeElementAt, encodeElements } from '../../../src/netlink/wire/set-elements.ts';

const TABLE = { family: 'ip', name: 't' };

function address(last: number): Uint8Array {
  return Uint8Array.of(10, 0, last >>> 8, last & 255);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Word by word what strace shows of nft, but for NFTA_SET_ELEM_LIST_SET_ID, which the name makes needless. */
t.test('a request is what nft sends', async (t) => {
  const verdict: ElementChange = {
    verb: 'add',
    set: 'm',
    elements: [{ key: address(1), value: { verdict: 'goto', chain: 'c' } }],
  };
  const interval = { set: 'i', elements: [{ key: address(0), end: address(256) }] };
  const header = '0000000000000000' + '02000000' + '0600010074000000';
  const list = '2c000380' + '10000180' + '0c00018008000100' + '0a000000' + '18000180' + '0c00018008000100' + '0a000100';
  const lines: readonly (readonly [ElementChange, string])[] = [
    [
      verdict,
      `500000000c0a0104${header}060002006d000000` +
        '2c000380' +
        '28000180' +
        '0c000180080001000a000001' +
        '180002801400028008000100fffffffc0600020063000000',
    ],
    [{ verb: 'add', ...interval }, `500000000c0a0104${header}0600020069000000${list}0800030000000001`],
    [{ verb: 'delete', ...interval }, `500000000e0a0100${header}0600020069000000${list}0800030000000001`],
  ];
  for (const [change, expected] of lines) t.equal(hex(encodeElements(TABLE, change)[0].bytes), expected);
  const [begin, end] = encodeBatchEdges(NFNL_SUBSYS_NFTABLES);
  t.equal(hex(begin), '140000001000010000000000000000000000000a');
  t.equal(hex(end), '140000001100010000000000000000000000000a');
});

t.test('many elements are several requests, each short enough for its attribute', async (t) => {
  const elements = Array.from({ length: 10_000 }, (_, last) => ({ key: address(last), end: address(last + 1) }));
  const messages = encodeElements(TABLE, { verb: 'add', set: 'i', elements });
  t.ok(messages.length > 1);
  t.ok(messages.every(({ bytes }) => bytes.length < 65_536));
  t.equal(
    messages.reduce((sum, { count }) => sum + count, 0),
    10_000,
  );
  for (const [index, { first }] of messages.entries()) {
    t.equal(first, index === 0 ? 0 : messages[index - 1].first + messages[index - 1].count);
  }
});

t.test('each octet of a request is of an element, or of none', async (t) => {
  const elements = [0, 16, 32].map((last) => ({ key: address(last), end: address(last + 8) }));
  const [{ bytes }] = encodeElements(TABLE, { verb: 'add', set: 'i', elements });
  const found = Array.from(bytes, (_, offset) =>
    decodeElementAt(new ByteReader(bytes, HEADER_LENGTH, bytes.length, true), offset),
  );
  const list = bytes.length - 3 * 40;
  t.same(found, [...Array(list).fill(undefined), ...Array(40).fill(0), ...Array(40).fill(1), ...Array(40).fill(2)]);
});

t.test('an acknowledgement says at which octet the trouble is', async (t) => {
  const body = Uint8Array.of(0xfe, 255, 255, 255, ...Array(16).fill(0), 8, 0, 2, 0, 44, 0, 0, 0);
  t.same(decodeError(0x300, new ByteReader(body, 0, body.length, true)), { errno: 2, offset: 44 });
});
