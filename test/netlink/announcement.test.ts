import t from 'tap';
import { parseAddress } from '../../src/base/index.ts';
import { announcementFrames } from '../../src/netlink/wire/announcement.ts';
import { arp, BROADCAST, ethernet } from '../dataplane/frames.ts';

const MAC = '02:00:5e:10:00:01';

t.test('an IPv4 address is announced by a request and a reply to all', async (t) => {
  const who = { mac: MAC, from: '192.0.2.7', about: '192.0.2.7' };
  t.strictSame(
    announcementFrames(parseAddress('192.0.2.7'), MAC).map((frame) => Buffer.from(frame).toString('hex')),
    (['request', 'reply'] as const).map((operation) =>
      ethernet({ from: MAC, to: BROADCAST }, 'arp', arp(operation, who)).toString('hex'),
    ),
  );
});

t.test('an IPv6 address is announced by an advertisement that overrides, with its checksum', async (t) => {
  const [frame] = announcementFrames(parseAddress('2001:db8::7'), MAC);
  const octets = Buffer.from(frame);
  t.equal(octets.subarray(0, 14).toString('hex'), '33330000000102005e10000186dd');
  t.equal(octets.subarray(14, 22).toString('hex'), '6000000000203aff', '32 octets of ICMPv6, hop limit 255');
  t.equal(octets.readUInt8(54), 136);
  t.equal(octets.readUInt32BE(58), 0x20000000, 'override alone');
  // RFC 1071: with its checksum the whole sums up to ones.
  const pseudo = Buffer.concat([octets.subarray(22, 54), Buffer.of(0, 0, 0, 32, 0, 0, 0, 58)]);
  const all = Buffer.concat([pseudo, octets.subarray(54)]);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += all.readUInt16BE(at);
  t.equal((sum & 0xffff) + (sum >>> 16), 0xffff);
});
