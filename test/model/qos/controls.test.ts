import t from 'tap';
import { DIRECTIONS, LIMITS, qosOfAnnotations, settleControls } from '../../../src/model/qos/index.ts';

const PREFIX = 'qos.projectcalico.org/';
/** Of each limit: the least and the most, and what has to be there with it. */
const TABLE: Readonly<
  Record<string, readonly [least: string, value: number, most: string, value: number, with_: object]>
> = {
  Bandwidth: ['1k', 1000, '1P', 1e15, {}],
  Burst: ['1k', 1000, '34359738360', 34_359_738_360, { Bandwidth: '1M' }],
  Peakrate: ['1.01k', 1010, '1.01P', 1.01e15, { Bandwidth: '1k' }],
  Minburst: ['1k', 1000, '100M', 1e8, { Bandwidth: '1k', Peakrate: '1M' }],
  PacketRate: ['1', 1, '10k', 10_000, {}],
  PacketBurst: ['1', 1, '10k', 10_000, { PacketRate: '7' }],
  MaxConnections: ['1', 1, '4294967295', 4_294_967_295, {}],
};

function annotations(direction: string, limits: object): Record<string, string> {
  return Object.fromEntries(Object.entries(limits).map(([limit, value]) => [`${PREFIX}${direction}${limit}`, value]));
}

t.test('the table has every limit', async (t) => t.same(Object.keys(TABLE), LIMITS));

for (const direction of DIRECTIONS) {
  for (const [limit, [least, low, most, high, besides]] of Object.entries(TABLE)) {
    const field = `${direction}${limit}`;
    const name = PREFIX + field;
    const read = (value: string) => {
      const { controls, problems } = qosOfAnnotations(annotations(direction, { ...besides, [limit]: value }));
      return { value: new Map(Object.entries(controls ?? {})).get(field), problems };
    };

    t.test(`${field}: what is in range is taken, what is not is brought into it and told`, async (t) => {
      t.same(read(least), { value: low, problems: [] });
      t.same(read(most), { value: high, problems: [] });
      t.same(read('0'), { value: low, problems: [`annotation ${name}: 0 is less than ${least}, and taken for that`] });
      const over = read('100P');
      t.equal(over.value, high);
      t.match(over.problems, [new RegExp(`^annotation ${name}: 100000000000000000 is more than ${most}, `)]);
      const wrong = read('fast');
      t.match(wrong.problems, [`annotation ${name}: left out, for 'fast' is no quantity such as 500k or 10M`]);
      t.notOk(wrong.value === low || wrong.value === high);
    });
  }

  t.test(`${direction}: bursts that nobody names are Calico's`, async (t) => {
    t.same(qosOfAnnotations(annotations(direction, { Bandwidth: '1M', PacketRate: '100', MaxConnections: '3' })), {
      controls: {
        [`${direction}Bandwidth`]: 1_000_000,
        [`${direction}Burst`]: 4_294_967_296,
        [`${direction}PacketRate`]: 100,
        [`${direction}PacketBurst`]: 5,
        [`${direction}MaxConnections`]: 3,
      },
      problems: [],
    });
  });

  t.test(`${direction}: what needs another limit is left out without it`, async (t) => {
    const table: Readonly<Record<string, readonly [given: object, problem: string]>> = {
      Burst: [{ Burst: '1M' }, `needs ${PREFIX}${direction}Bandwidth`],
      Peakrate: [{ Peakrate: '1M' }, `must be more than ${PREFIX}${direction}Bandwidth`],
      'a Peakrate that is no more': [
        { Bandwidth: '1M', Peakrate: '1M' },
        `must be more than ${PREFIX}${direction}Bandwidth`,
      ],
      Minburst: [{ Bandwidth: '1M', Minburst: '2k' }, `needs ${PREFIX}${direction}Peakrate`],
      PacketBurst: [{ PacketBurst: '9' }, `needs ${PREFIX}${direction}PacketRate`],
    };
    for (const [what, [given, problem]] of Object.entries(table)) {
      const { controls, problems } = qosOfAnnotations(annotations(direction, given));
      const [limit] = Object.keys(given).slice(-1);
      t.same(problems, [`annotation ${PREFIX}${direction}${limit}: left out, for it ${problem}`], what);
      t.notOk(Object.keys(controls ?? {}).includes(`${direction}${limit}`), what);
    }
  });
}

t.test('Kubernetes’ own bandwidths count where Calico’s are not there', async (t) => {
  const kubernetes = { 'kubernetes.io/ingress-bandwidth': '1M', 'kubernetes.io/egress-bandwidth': '2M' };
  t.match(qosOfAnnotations(kubernetes).controls, { ingressBandwidth: 1_000_000, egressBandwidth: 2_000_000 });
  const both = { ...kubernetes, [`${PREFIX}ingressBandwidth`]: '5M' };
  t.match(qosOfAnnotations(both).controls, { ingressBandwidth: 5_000_000, egressBandwidth: 2_000_000 });
  t.match(qosOfAnnotations({ 'kubernetes.io/egress-bandwidth': '1' }).problems, [
    'annotation kubernetes.io/egress-bandwidth: 1 is less than 1k, and taken for that',
  ]);
});

t.test('annotations of others say nothing', async (t) => {
  t.same(qosOfAnnotations({ 'cni.projectcalico.org/podIP': '10.0.0.1/32', 'qos.example.org/ingressBandwidth': '1' }), {
    controls: undefined,
    problems: [],
  });
});

t.test('the fields of an endpoint are named as they stand there', async (t) => {
  t.same(
    settleControls({ egressBurst: 5, egressBandwidth: 1e16 }, (field) => `qosControls.${field}`),
    {
      controls: { egressBurst: 1000, egressBandwidth: 1e15 },
      problems: [
        'qosControls.egressBandwidth: 10000000000000000 is more than 1P, and taken for that',
        'qosControls.egressBurst: 5 is less than 1k, and taken for that',
      ],
    },
  );
});
