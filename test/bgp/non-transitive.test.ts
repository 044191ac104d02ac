import t from 'tap';
import { AttributeList } from '../../src/bgp/rib/pool/attribute-list.ts';
import { ATTRIBUTE } from '../../src/bgp/wire/index.ts';
import { Network } from './speaker-network.ts';

const [FROM, US, INSIDE, OUTSIDE] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const PREFIX = '192.168.0.0/24';
/** The state of an origin's validity (RFC 8097), and a link's bandwidth: for speakers of one AS. */
const [VALIDITY, BANDWIDTH] = ['0x4300000000000001', '0x4004fde84e6e6b28'];
const reflector = { clusterId: '1.1.1.1' };

/** A route with these communities by way of us to a peer of our AS and one of another: what each has of them. */
async function passedOn(communities: readonly string[], added?: string): Promise<readonly (readonly string[])[]> {
  const network = new Network();
  const rule = { match: {}, action: 'accept', ...(added && { set: { addCommunities: [added] } }) } as const;
  const from = await network.node(FROM, 1, [{ address: US, remoteAs: 1 }]);
  await network.node(US, 1, [
    { address: FROM, remoteAs: 1, routeReflector: reflector },
    { address: INSIDE, remoteAs: 1, routeReflector: reflector },
    { address: OUTSIDE, remoteAs: 2, exportFilter: { name: 'out', rules: [rule], default: 'accept' } },
  ]);
  const ends = [
    await network.node(INSIDE, 1, [{ address: US, remoteAs: 1 }]),
    await network.node(OUTSIDE, 2, [{ address: US, remoteAs: 1 }]),
  ];
  from.speaker.originate([{ prefix: PREFIX, communities }]);
  network.run(5);
  return ends.map(({ speaker }) => speaker.explain(PREFIX).paths[0]?.extendedCommunities ?? ['no route']);
}

t.test('extended communities that are not transitive do not leave the AS (RFC 4360 §6)', async (t) => {
  t.same(await passedOn(['rt:1:1', VALIDITY, BANDWIDTH]), [['rt:1:1', BANDWIDTH, VALIDITY], ['rt:1:1']]);
  t.same(await passedOn([VALIDITY]), [[VALIDITY], []]);
  t.same(await passedOn(['rt:1:1', 'soo:1:2']), [
    ['rt:1:1', 'soo:1:2'],
    ['rt:1:1', 'soo:1:2'],
  ]);
});

t.test('one that the filter towards the peer adds goes out', async (t) => {
  t.same(await passedOn([VALIDITY], BANDWIDTH), [[VALIDITY], [BANDWIDTH]]);
});

t.test('the same goes for those of IPv6 addresses (RFC 5701 §2), of which nothing else is changed', async (t) => {
  const community = (type: number): number[] => [type, 2, ...new Array<number>(18).fill(type)];
  const attribute = (...types: readonly number[]): Uint8Array =>
    Uint8Array.of(0xe0, ATTRIBUTE.IPV6_EXTENDED_COMMUNITIES, 20 * types.length, ...types.flatMap(community));
  const left = (bytes: Uint8Array): Uint8Array => AttributeList.from(bytes).removeNonTransitive().toBytes();
  t.same(left(attribute(0x40, 0x00, 0x40)), attribute(0x00));
  t.same(left(attribute(0x00, 0x80)), attribute(0x00, 0x80));
  t.same(left(attribute(0x40)), new Uint8Array(0));
});
