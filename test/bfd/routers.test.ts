import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import type { BfdAccount } from '../../src/bfd/index.ts';
import { until } from '../../src/lab/until.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { BIRD, Place } from './place.ts';

const BFDD = '/usr/lib/frr/bfdd';
const SESSIONS = 100;
const needs = (program: string) => ({
  skip: needsRoot.skip || (existsSync(program) || process.env['CI'] ? false : `it needs ${program}`),
});

t.setTimeout(3_600_000);

const SCHED_RR = 2;

/** How each thread of a process is scheduled: field 41 of its `stat` (proc(5)). */
function policies(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const afterName = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1];
    return Number(afterName.split(' ')[41 - 3]);
  });
}

/** What a watcher has told, by neighbour. */
function accounts() {
  const last = new Map<string, BfdAccount>();
  const downs: BfdAccount[] = [];
  const told = (account: BfdAccount): void => {
    last.set(account.name, account);
    if (account.from === 'Up' && account.state !== 'Up') downs.push(account);
  };
  const all = (state: string, detectionTime?: number) => async (): Promise<boolean> =>
    [...last.values()].every(
      (one) => one.state === state && (detectionTime === undefined || one.detectionTime === detectionTime),
    );
  return { told, last, downs, all };
}

t.test('a hundred sessions with BIRD, while the main loop is busy for 150 ms at a time', needs(BIRD), async (t) => {
  const place = new Place(SESSIONS);
  t.teardown(() => place.remove());
  const bird = place.bird(SESSIONS);
  const { told, last, downs, all } = accounts();
  const neighbours = Array.from({ length: SESSIONS }, (_, at) => place.neighbour(at + 1));
  const watcher = place.watch(neighbours, told, { busy: 150 });
  await until(systemClock, 'all to be Up', async () => last.size === SESSIONS && (await all('Up', 150)()));
  const birdHas = (what: RegExp) => async (): Promise<boolean> =>
    [...bird('show bfd sessions').matchAll(what)].length === SESSIONS;
  await until(systemClock, 'BIRD to say so too', birdHas(/ Up .* 0\.050 +0\.150/g));
  t.equal(policies(watcher.pid!).filter((policy) => policy === SCHED_RR).length, 1, 'one thread has real time');

  place.cut();
  await until(systemClock, 'all to be down', all('Down'));
  t.ok(
    downs.some(({ diagnostic }) => diagnostic === 1),
    'since nothing came any more',
  );
  place.cut(false);
  await until(systemClock, 'all to be Up again', all('Up', 150));

  await place.end(watcher);
  await until(systemClock, 'BIRD to know that it was meant', birdHas(/ Down /g));
});

t.test('sessions with FRR, over one hop and over several', needs(BFDD), async (t) => {
  const place = new Place(3);
  t.teardown(() => place.remove());
  const { directory } = place;
  execFileSync('chown', ['frr', directory]);
  const peer = (at: number, words = '', hops = 'interface eth0'): string =>
    ` peer 10.99.1.${at} ${words} local-address 10.99.2.${at} ${hops}\n  receive-interval 50\n  transmit-interval 50\n  detect-multiplier 3\n exit\n`;
  writeFileSync(`${directory}/zebra.conf`, '');
  writeFileSync(`${directory}/bfdd.conf`, `bfd\n${peer(1)}${peer(2)}${peer(3, 'multihop', '')}exit\n`);
  const common = (name: string): string[] => [
    ...['-f', `${directory}/${name}.conf`, '-i', `${directory}/${name}.pid`, '-z', `${directory}/zserv.api`],
    ...['--vty_socket', directory, '-u', 'frr', '-g', 'frr', '-P', '0'],
  ];
  place.router(['/usr/lib/frr/zebra', ...common('zebra')]);
  await until(systemClock, 'zebra', async () => existsSync(`${directory}/zserv.api`));
  place.router([BFDD, ...common('bfdd'), '--bfdctl', `${directory}/bfdd.sock`]);
  const vtysh = (command: string): string =>
    place.ask(['vtysh', '--vty_socket', directory, '-d', 'bfdd', ...['-c', command]]);
  await until(systemClock, 'bfdd', async () => existsSync(`${directory}/bfdd.vty`));

  const { told, last, downs, all } = accounts();
  const neighbours = [place.neighbour(1), place.neighbour(2), place.neighbour(3, { multihop: true })];
  const watcher = place.watch(neighbours, told);
  await until(systemClock, 'all to be Up', async () => last.size === 3 && (await all('Up', 150)()));
  const statuses = (): string[] =>
    (JSON.parse(vtysh('show bfd peers json')) as readonly { readonly status: string }[]).map(({ status }) => status);
  await until(systemClock, 'FRR to say so too', async () => statuses().every((status) => status === 'up'));

  await t.test('what FRR ends on purpose is no failure', async (t) => {
    const [name, one] = ['10.99.2.1', 'peer 10.99.1.1 local-address 10.99.2.1 interface eth0'];
    const tell = (...words: string[]): void => {
      const lines = ['conf', 'bfd', one, ...words].flatMap((line) => ['-c', line]);
      place.ask(['vtysh', '--vty_socket', directory, '-d', 'bfdd', ...lines]);
    };
    const ended = () => downs.find((down) => down.name === name && down.remoteState === 'AdminDown');
    tell('shutdown');
    await until(systemClock, 'it to be ended', async () => {
      if (ended() !== undefined) return true;
      // A busy machine had failed it just before: once more from the beginning.
      if (last.get(name)?.state === 'Down') {
        tell('no shutdown');
        await until(systemClock, 'it to be up again', async () => last.get(name)?.state === 'Up');
        tell('shutdown');
      }
      return false;
    });
    t.match(ended(), { diagnostic: 3 });
  });

  await t.test('packets that passed a router are not those of a single hop', async () => {
    const rule = 'ip daddr 10.99.1.2 udp dport 3784 ip ttl set 254';
    place.ask(['nft', `table inet hop { chain out { type filter hook output priority 0; ${rule}; }; }`]);
    await until(systemClock, 'it to be down', async () => last.get('10.99.2.2')?.state === 'Down');
  });

  await t.test('what we end on purpose is no failure to FRR', async (t) => {
    await place.end(watcher);
    await until(systemClock, 'it to know', async () => !statuses().includes('up'));
    t.match(vtysh('show bfd peer 10.99.1.3 multihop local-address 10.99.2.3 json'), /administratively down/);
  });
});
