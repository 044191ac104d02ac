import t from 'tap';
import { goFirst } from '../../../src/bfd/thread/scheduling.ts';

const refuse = (): never => {
  throw new Error('EPERM');
};

t.test('a thread that the kernel gives real time is all right', async (t) => {
  t.equal(goFirst({ realTime: () => {}, nice: refuse }), undefined);
});

t.test('one that only may be nice goes on, and says what is missing and who gives it', async (t) => {
  t.equal(
    goFirst({ realTime: refuse, nice: () => {} }),
    "BFD's thread has no real-time priority (EPERM) and goes before the threads of its own service alone: on a busy processor " +
      'sessions may fail in vain; give the daemon CAP_SYS_NICE, or LimitRTPRIO=1 in its unit',
  );
});

t.test('so does one that may do neither', async (t) => {
  t.match(goFirst({ realTime: refuse, nice: refuse }), /no real-time priority \(EPERM\) and waits like all others/);
});
