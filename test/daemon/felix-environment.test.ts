import t from 'tap';
import { felixEnvironmentProblems } from '../../src/daemon/felix-environment.ts';

t.test(
  'settings of the environment that are FelixConfiguration’s here are told, those of every manifest are not',
  async (t) => {
    const table: readonly (readonly [name: string, value: string, told: RegExp | undefined])[] = [
      ['FELIX_WIREGUARDENABLED', 'true', /write wireguardEnabled into FelixConfiguration/],
      ['FELIX_WIREGUARDENABLED', 'false', undefined],
      ['FELIX_WireguardHostEncryptionEnabled', 'true', /write wireguardHostEncryptionEnabled/],
      ['FELIX_DEFAULTENDPOINTTOHOSTACTION', 'DROP', undefined],
      ['FELIX_DEFAULTENDPOINTTOHOSTACTION', 'ACCEPT', undefined],
      ['FELIX_DISABLECONNTRACKINVALIDCHECK', 'true', /write disableConntrackInvalidCheck/],
      ['FELIX_BPFENABLED', 'true', /kube-proxy/],
      ['FELIX_BPFENABLED', 'false', undefined],
      ['FELIX_PROMETHEUSMETRICSCERTFILE', '/tls.crt', /without TLS/],
      ['FELIX_PROMETHEUSMETRICSHOST', '127.0.0.1', undefined],
      ['FELIX_VXLANMTU', '0', undefined],
      ['FELIX_VXLANMTU', '1400', /write vxlanMTU/],
      ['FELIX_IPV6SUPPORT', 'false', undefined],
      ['FELIX_HEALTHENABLED', 'true', undefined],
      ['FELIX_LOGSEVERITYSCREEN', 'info', undefined],
      ['FELIX_NOBODYKNOWS', 'x', undefined],
      ['WIREGUARDENABLED', 'true', undefined],
    ];
    for (const [name, value, told] of table) {
      const problems = felixEnvironmentProblems({ [name]: value });
      t.equal(problems.length, told === undefined ? 0 : 1, `${name}=${value}: ${problems}`);
      if (told !== undefined) t.match(problems[0], told);
    }
  },
);
