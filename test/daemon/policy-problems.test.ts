import t from 'tap';
import { Calculation } from '../../src/calc/index.ts';
import { policyProblems } from '../../src/daemon/policy-problems.ts';
import { read } from '../../src/model/index.ts';
import { put } from '../calc/resources.ts';

/** As the datastore delivers it, whatever stands in it. */
function stored(kind: 'NetworkPolicy' | 'Profile', name: string, spec: object) {
  const update = put(kind, name, spec as never, kind === 'Profile' ? {} : { namespace: 'web' });
  return { ...update, resource: read(kind, update.resource).resource };
}

t.test('what is not understood of a policy is told with its object, its field, and what holds instead', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([
    stored('NetworkPolicy', 'p', { selector: 'has(', ingress: [{ action: 'Deny', protocol: 'XYZ' }] }),
    stored('Profile', 'q', { egress: [{ action: 'Allow', source: { nets: ['x'] } }] }),
  ]);
  t.match(
    policyProblems(calculation.desired().policy).map(({ message }) => message),
    [
      /^NetworkPolicy\(web\/p\) selector: .*: the policy denies all in the rest of its scope$/,
      /^NetworkPolicy\(web\/p\) ingress\[0\]\.protocol: "XYZ" is no protocol: the rule denies all$/,
      /^Profile\(q\) egress\[0\]\.source\.nets\.0: .*: the rule is left out$/,
    ],
  );
  const many = Array.from({ length: 60 }, (_, at) => stored('NetworkPolicy', `p${at}`, { order: 'x' }));
  calculation.apply(many);
  const told = policyProblems(calculation.desired().policy);
  t.equal(told.length, 51);
  t.match(told.at(-1)?.message, /^13 more fields/);
  t.same(policyProblems(undefined), []);
});
