import { statSync } from 'node:fs';
import t from 'tap';
import { podNamespace } from '../../src/endpoints/pod-namespace.ts';

const own = '/proc/self/ns/net';
const inode = statSync(own).ino;

t.test('a namespace with one path is that one', async (t) => {
  t.equal(podNamespace({ netns: '/run/netns/x' }), '/run/netns/x');
});

t.test('of two paths, the one that leads to the namespace that was meant', async (t) => {
  t.equal(podNamespace({ netns: '/proc/1/ns/net', named: { path: own, inode } }), own);
  t.equal(
    podNamespace({ netns: own, named: { path: '/run/netns/none', inode } }),
    own,
    'the name is not to be seen here',
  );
});

t.test('a process of the same number that is another one is not taken for it', async (t) => {
  const strange = { netns: own, named: { path: '/run/netns/none', inode: 1 } };
  t.throws(() => podNamespace(strange), { code: 'ENOENT', message: /HostToContainer/ });
});
