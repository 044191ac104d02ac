import t from 'tap';
import { parseDscp, qosOfAnnotations } from '../../../src/model/qos/index.ts';

t.test('a DSCP is a number of six bits or one of the names', async (t) => {
  const table: Readonly<Record<string, number | undefined>> = {
    '0': 0,
    '46': 46,
    '63': 63,
    '64': undefined,
    '-1': undefined,
    '1.5': undefined,
    DF: 0,
    ef: 46,
    ' EF ': 46,
    CS0: 0,
    CS1: 8,
    CS6: 48,
    CS7: undefined,
    AF11: 10,
    AF13: 14,
    AF21: 18,
    AF32: 28,
    AF41: 34,
    AF43: 38,
    AF44: undefined,
    AF51: undefined,
    constructor: undefined,
    '': undefined,
  };
  for (const [text, value] of Object.entries(table)) t.equal(parseDscp(text), value, text);
  t.equal(parseDscp(46), 46);
  t.equal(parseDscp(64), undefined);
});

t.test('the annotation, right and wrong', async (t) => {
  const name = 'qos.projectcalico.org/dscp';
  t.same(qosOfAnnotations({ [name]: 'AF41' }), { controls: { dscp: 'AF41' }, problems: [] });
  t.same(qosOfAnnotations({ [name]: 'fast' }), {
    controls: undefined,
    problems: [`annotation ${name}: left out, for 'fast' is no DSCP: 0 to 63, or such as AF41`],
  });
});
