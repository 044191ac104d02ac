import t from 'tap';
import { sysctlRead, sysctlWrite } from '../../src/netlink/index.ts';
import { sysctlFile, writableFolder } from '../../src/netlink/sysctl.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

t.test('names are those of sysctl(8), a slash stands for a dot inside a name', async (t) => {
  t.equal(sysctlFile('net.ipv4.ip_forward'), '/proc/sys/net/ipv4/ip_forward');
  t.equal(sysctlFile('net.ipv4.conf.eth0/100.proxy_arp'), '/proc/sys/net/ipv4/conf/eth0.100/proxy_arp');
});

t.test('where /proc/sys is read-only, the settings are written where the host’s are mounted', async (t) => {
  const folder = t.testdir({ ipv4: { ip_forward: '0' } });
  t.equal(writableFolder(['/no/such/folder', folder]), folder);
  t.equal(writableFolder(['/no/such/folder']), undefined);
  t.equal(sysctlFile('net.ipv4.ip_forward', folder), `${folder}/ipv4/ip_forward`);
  t.equal(sysctlFile('kernel.pid_max', folder), '/proc/sys/kernel/pid_max');
});

t.test('a name that leads elsewhere is refused', async (t) => {
  for (const name of ['', 'net..ipv4', 'net.//.ipv4', 'net.a b', 'net.ipv4.\0']) {
    t.throws(() => sysctlFile(name), { code: 'EINVAL' }, JSON.stringify(name));
  }
});

t.test('reading and writing stay in the namespace that was given', async (t) => {
  const namespace = makeNamespace();
  t.teardown(() => namespace.remove());
  const name = 'net.ipv4.conf.all.route_localnet';
  const before = sysctlRead(name);
  sysctlWrite(name, '1', namespace.path);
  t.equal(sysctlRead(name, namespace.path), '1');
  t.equal(sysctlRead(name), before);
});

t.test('what the kernel refuses, and a namespace that is none, are said so', async (t) => {
  const namespace = makeNamespace();
  t.teardown(() => namespace.remove());
  t.throws(() => sysctlWrite('net.ipv4.ip_forward', 'nonsense', namespace.path), { code: 'EINVAL' });
  t.throws(() => sysctlRead('net.ipv4.no_such_thing', namespace.path), { code: 'ENOENT' });
  t.throws(() => sysctlRead('net.ipv4.ip_forward', '/proc/self/status'), {
    code: 'EINVAL',
    message: /not a network namespace/,
  });
  t.match(sysctlRead('net.ipv4.ip_forward'), /^[01]$/, 'and this thread is where it was');
});
