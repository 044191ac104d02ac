import t from 'tap';
import {
  CEASE,
  decodeNotification,
  ERROR,
  ERROR_TEXTS,
  encodeNotification,
  FSM_ERROR,
  HEADER_ERROR,
  hardReset,
  hardResetReason,
  notification,
  notificationText,
  OPEN_ERROR,
  ROUTE_REFRESH_ERROR,
  shutdownCommunication,
  shutdownData,
  UPDATE_ERROR,
} from '../../../src/bgp/wire/index.ts';
import { hex, toHex } from './wire.ts';

t.test('every code and subcode that has a name has a text', async (t) => {
  const subcodes: Readonly<Record<number, Readonly<Record<string, number>>>> = {
    [ERROR.MESSAGE_HEADER]: HEADER_ERROR,
    [ERROR.OPEN]: OPEN_ERROR,
    [ERROR.UPDATE]: UPDATE_ERROR,
    [ERROR.HOLD_TIMER_EXPIRED]: {},
    [ERROR.FSM]: FSM_ERROR,
    [ERROR.CEASE]: CEASE,
    [ERROR.ROUTE_REFRESH]: ROUTE_REFRESH_ERROR,
    [ERROR.SEND_HOLD_TIMER_EXPIRED]: {},
  };
  for (const code of Object.values(ERROR)) {
    t.type(ERROR_TEXTS[code].name, 'string', `code ${code}`);
    for (const [name, subcode] of Object.entries(subcodes[code])) {
      if (subcode !== 0) t.type(ERROR_TEXTS[code].subcodes[subcode], 'string', `${code}/${subcode} ${name}`);
    }
  }
});

t.test('texts for people', async (t) => {
  t.equal(notificationText(notification(4)), 'hold timer expired');
  t.equal(notificationText(notification(6, 7)), 'cease: connection collision resolution');
  t.equal(
    notificationText(notification(6, 2, shutdownData('back at 4'))),
    'cease: administrative shutdown: "back at 4"',
  );
  t.equal(notificationText(notification(6, 99)), 'cease: subcode 99');
  t.equal(notificationText(notification(99, 1)), 'error code 99: subcode 1');
  const reset = hardReset(notification(6, 2, shutdownData('drained')));
  t.equal(notificationText(reset), 'cease: hard reset: cease: administrative shutdown: "drained"');
});

t.test('messages read and write', async (t) => {
  const cases: readonly (readonly [string, number, number, string])[] = [
    ['0015 03 04 00', 4, 0, ''],
    ['0016 03 05 01 04', 5, 1, '04'],
    ['001b 03 06 02 05 68656c6c6f', 6, 2, '0568656c6c6f'],
  ];
  for (const [rest, code, subcode, data] of cases) {
    const bytes = hex('ff'.repeat(16) + rest);
    t.equal(toHex(encodeNotification(notification(code, subcode, hex(data)))), toHex(bytes));
    t.same(decodeNotification(bytes, 0, bytes.length), notification(code, subcode, hex(data)));
  }
});

t.test('data never makes the message longer than 4,096 octets', async (t) => {
  t.equal(encodeNotification(notification(7, 1, new Uint8Array(60000))).length, 4096);
});

t.test('a shutdown text is cut at a character, and wrong ones are not interpreted (RFC 9003)', async (t) => {
  const long = 'ä'.repeat(200);
  const data = shutdownData(long);
  t.equal(data.length, 255);
  t.equal(shutdownCommunication(notification(6, 4, data)), 'ä'.repeat(127));
  t.equal(shutdownData(long, 128)[0], 128);
  t.equal(shutdownCommunication(notification(6, 2, [2, 0xff, 0xfe])), undefined, 'no UTF-8');
  t.equal(shutdownCommunication(notification(6, 2, [9, 0x61])), undefined, 'wrong length');
  t.equal(shutdownCommunication(notification(6, 2)), undefined, 'none');
  t.equal(shutdownCommunication(notification(6, 3, [1, 0x61])), undefined, 'another subcode');
});

t.test('a hard reset holds its reason (RFC 8538)', async (t) => {
  const reason = notification(6, 8, [1, 2]);
  const reset = hardReset(reason);
  t.same([reset.code, reset.subcode, toHex(reset.data)], [6, 9, '06080102']);
  t.same(hardResetReason(reset), reason);
  t.equal(hardResetReason(notification(6, 9)), undefined);
  t.equal(hardResetReason(hardReset(reset)), undefined, 'nested ones end');
});
