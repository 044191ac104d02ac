import t from 'tap';
import { podSubnetsOf } from '../../src/keeping/installer.ts';

const networking = (line: string) => ({
  ClusterConfiguration: `kind: ClusterConfiguration\nnetworking:\n  ${line}\n  serviceSubnet: 10.96.0.0/12\n`,
});

t.test('kubeadm’s range for pods is found for each family', async (t) => {
  const of = (line: string) => podSubnetsOf(networking(line));
  const [four, six] = ['10.56.0.0/16', 'fd00:56::/48'];
  t.match(of(`podSubnet: ${four}`), { ipv4: four, ipv6: undefined });
  t.match(of(`podSubnet: ${six}`), { ipv4: undefined, ipv6: six });
  t.match(of(`podSubnet: ${four},${six}`), { ipv4: four, ipv6: six });
  t.match(of(`podSubnet: ${six},${four}`), { ipv4: four, ipv6: six });
  t.match(of(`podSubnet: ${four},10.57.0.0/16,${six},fd00:57::/48`), { ipv4: four, ipv6: six }, 'the first of each');
  t.match(of('podSubnet: 10.56.3.0/16'), { ipv4: four }, 'without host bits');
  for (const line of [
    'dnsDomain: cluster.local',
    'podSubnet: nowhere',
    `podSubnet: ${four},nowhere`,
    'podSubnet: 10.5.0.0',
  ]) {
    t.match(of(line), { ipv4: undefined, ipv6: undefined }, line);
  }
  t.match(podSubnetsOf({}), { ipv4: undefined, ipv6: undefined });
  t.match(podSubnetsOf({ ...networking('dnsDomain: a'), other: `podSubnet: ${four}` }), { ipv4: four });
});
