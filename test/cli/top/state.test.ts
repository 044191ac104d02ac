import t from 'tap';
import { keysOf } from '../../../src/cli/top/keys.ts';
import { screen, snapshotText } from '../../../src/cli/top/screen.ts';
import { firstState, shownRows, step, type TopEvent, type TopState } from '../../../src/cli/top/state.ts';
import { type TopAnswers, tableOf, VIEW_NAMES } from '../../../src/cli/top/views.ts';
import type { BgpNeighbour, CountedDrop, StatusAnswer } from '../../../src/control/index.ts';

const NOON = Date.UTC(2026, 0, 2, 12);
const STATUS: StatusAnswer = {
  ...{ nodename: 'n1', version: '0.1.0', pid: 1, startedAt: NOON - 3_600_000, ready: true, health: 'degraded' },
  problems: ['10.0.0.3 refuses: start it', 'and this'],
  datastore: { type: 'etcd', inSync: true, lastEventAgeSeconds: 1 },
  blocks: [
    { cidr: '10.244.0.0/26', state: 'confirmed', inUse: 32, size: 64 },
    { cidr: '10.244.0.64/26', state: 'confirmed', inUse: 63, size: 64 },
  ],
  routes: { desired: 3, programmed: 3, failed: 0 },
  endpoints: { desired: 2, missing: 0, strange: 0 },
};

const peer = (name: string, session: string): BgpNeighbour => ({
  ...{
    name,
    address: name,
    type: 'global',
    description: '',
    localAs: 64512,
    remoteAs: 64513,
    session,
    since: NOON - 60_000,
  },
  ...{ families: [], capabilities: [], messages: { received: 1, sent: 1, updatesReceived: 1, updatesSent: 1 } },
  ...{ prefixes: { received: 5, accepted: 5, advertised: 2 }, flaps: 3, history: [] },
  ...(session !== 'Established' && { reason: 'refused' }),
});
const PEERS = Array.from({ length: 30 }, (_, at) => peer(`10.0.0.${at + 1}`, at === 2 ? 'Active' : 'Established'));
const drop = (why: string, packets: number, more: Partial<CountedDrop> = {}): CountedDrop => ({
  ...{ family: 4, why, packets, bytes: packets * 60 },
  ...more,
});
const pod = (name: string, present: boolean) => ({
  text: `red/n1-k8s-${name}-eth0 cali1 10.244.0.2/32`,
  ...{ wanted: true, present, why: `endpoint red/n1-k8s-${name}-eth0` },
});
const ANSWERS: TopAnswers = {
  status: STATUS,
  peers: { nodename: 'n1', peers: PEERS },
  pods: [pod('web', true), pod('my--db', false)],
  drops: [
    drop('rule 0 of p', 10, { tier: 'default', policy: 'p', direction: 'ingress' }),
    drop('rule 1 of p', 20, { tier: 'default', policy: 'p', direction: 'ingress' }),
    drop('nothing yet', 0),
  ],
};

const answered = (answers: TopAnswers, now = NOON): TopEvent => ({ kind: 'answers', answers, now });

/** A state after these keys; each is one key, or letters in one word. */
function after(
  keys: readonly string[],
  from = step(firstState('sessions', NOON, { rows: 20, columns: 100 }), answered(ANSWERS)),
): TopState {
  return keys.reduce((state, key) => step(state, { kind: 'key', key }), from);
}

function typing(text: string): readonly string[] {
  return [...text];
}

t.test('letters, arrows and what a terminal sends for them are keys', async (t) => {
  t.same(keysOf('q/é:'), ['q', '/', 'é', ':']);
  t.same(keysOf('\x1b[A\x1bOB\x1b[5~\r\x7f\x03'), ['up', 'down', 'pageup', 'enter', 'backspace', 'ctrl-c']);
  t.same(keysOf('\x1b'), ['escape']);
  t.same(keysOf('a\x1b[1;5Cb\x01'), ['a', '', 'b'], 'a sequence that nobody knows is no letters');
});

t.test('views are chosen by a command, its beginning, a number or an arrow', async (t) => {
  t.equal(after([':', ...typing('blocks'), 'enter']).view, 'blocks');
  t.equal(after([':', ...typing('po'), 'enter']).view, 'pods');
  t.equal(after(['4']).view, 'drops');
  t.equal(after(['right']).view, 'pods');
  t.equal(after(['left']).view, 'blocks');
  t.match(after([':', ...typing('nope'), 'enter']), {
    view: 'sessions',
    prompt: undefined,
    mistake: /no view 'nope'; there are sessions/,
  });
  t.equal(after([':', ...typing('nope'), 'enter', 'down']).mistake, undefined, 'it is told until the next key');
  t.match(after([':', 'enter']), { view: 'sessions', prompt: undefined });
});

t.test('a filter holds while it is typed and after, until escape', async (t) => {
  const typed = after(['/', ...typing('act')]);
  t.equal(shownRows(typed)?.length, 1);
  t.equal(after(['enter'], typed).filter, 'act');
  t.equal(after(['backspace', 'backspace', 'backspace'], typed).filter, '');
  t.equal(after(['escape'], typed).filter, '');
  t.equal(after(['enter', 'escape'], typed).filter, '');
  t.equal(after(['enter', '2'], typed).filter, '', 'another view has none');
  t.equal(after(typing('q'), typed).isOver, false, 'letters are text there');
});

t.test('the mark moves within the rows', async (t) => {
  t.equal(after(['up']).at, 0);
  t.equal(after(['down', 'j', 'k']).at, 1);
  t.equal(after(['G']).at, 29);
  t.equal(after(['end', 'down']).at, 29);
  t.equal(after(['pagedown', 'pagedown', 'pageup']).at, 12);
  t.equal(after(['G', 'g']).at, 0);
  const few = step(after(['G']), answered({ peers: { nodename: 'n1', peers: PEERS.slice(0, 3) } }));
  t.equal(few.at, 2, 'rows that go take it with them');
});

t.test('it ends by q, by :q and by ctrl-c wherever one is', async (t) => {
  for (const keys of [
    ['q'],
    [':', 'q', 'enter'],
    [':', ...typing('quit'), 'enter'],
    ['ctrl-c'],
    ['/', 'ctrl-c'],
    ['?', 'q'],
  ]) {
    t.ok(after(keys).isOver, keys.join(' '));
  }
  t.notOk(after(['?', 'x']).isHelp);
});

t.test('the screen has as many lines as the terminal, none longer, with the mark among them', async (t) => {
  for (const view of VIEW_NAMES) {
    for (const [rows, columns] of [
      [24, 80],
      [10, 30],
      [5, 12],
      [2, 1],
      [60, 300],
    ]) {
      for (const keys of [[], ['G'], ['?'], ['/', 'x'], [':', 'y']]) {
        const first = step(firstState(view, NOON, { rows, columns }), answered(ANSWERS));
        const lines = screen(after(keys, first));
        t.equal(lines.length, rows, `${view} ${rows}×${columns}`);
        t.ok(lines.every(({ text }) => [...text].length <= columns));
        if (rows >= 10 && keys[0] === 'G') t.equal(lines.filter(({ look }) => look === 'marked').length, 1, view);
      }
    }
  }
});

t.test('the head says how the node is, and the first problem', async (t) => {
  const text = screen(after([])).map((line) => line.text);
  t.equal(text[0], 'Node n1: degraded   vRouter 0.1.0, up 01:00:00');
  t.match(text[1], /routes 3\/3 {3}pods 2 {3}blocks 2 \(95\/128 addresses\) {3}problems 2/);
  t.equal(text[2], '! 10.0.0.3 refuses: start it (and 1 more: vrouter status)');
  t.match(text[3], /^\[1 sessions\] +2 pods/);
  const away = step(after([]), { kind: 'trouble', reason: 'the daemon does not answer', now: NOON });
  t.match(screen(away)[2], { text: '! the daemon does not answer', look: 'bad' });
  t.equal(step(away, answered(ANSWERS)).trouble, undefined);
});

t.test('what is wrong stands out', async (t) => {
  const bad = screen(after([])).filter(({ look }) => look === 'bad');
  t.ok(bad.some(({ text }) => text.startsWith('10.0.0.3 ') && text.includes('refused')));
  t.ok(screen(after(['2'])).some(({ text, look }) => look === 'bad' && text.includes('red/my-db')));
  t.ok(screen(after(['5'])).some(({ text, look }) => look === 'bad' && text.includes('98%')));
});

t.test('nothing of an answer reaches the terminal as a command', async (t) => {
  const evil = { ...PEERS[0], reason: 'x\x1b[2Jy\nz\u202e', session: 'Active' };
  const state = step(after([]), answered({ peers: { nodename: 'n1', peers: [evil] } }));
  for (const { text } of screen(state)) t.notMatch(text, /[\p{Cc}\p{Cf}]/u);
});

t.test('drops have a rate since the answer before, policies the sum of their rules', async (t) => {
  const more = ANSWERS.drops!.map((one) => ({ ...one, packets: one.packets + (one.packets > 0 ? 5 : 0) }));
  const state = step(after([]), answered({ drops: more }, NOON + 2000));
  const cells = (view: 'drops' | 'policies') => tableOf(view, state.answers, state.now)?.rows.map((row) => row.cells);
  t.same(cells('drops'), [
    ['25', '2.5', '1200', 'IPv4', 'rule 1 of p'],
    ['15', '2.5', '600', 'IPv4', 'rule 0 of p'],
  ]);
  t.same(cells('policies'), [['default', 'p', 'ingress', '40', '5.0', '1800']]);
  const anew = step(state, answered({ drops: [drop('rule 0 of p', 1)] }, NOON + 4000));
  t.same(
    tableOf('drops', anew.answers, NOON)?.rows[0]?.cells.slice(0, 2),
    ['1', '0.0'],
    'rules that are made anew begin again',
  );
});

t.test('without a terminal there is one look', async (t) => {
  const text = snapshotText('blocks', ANSWERS, NOON);
  t.match(text, /^Node n1: degraded/);
  t.match(text, /^BLOCK +STATE +IN USE +SIZE +FULL$/m);
  t.match(text, /^10\.244\.0\.0\/26 +confirmed +32 +64 +#{10}\.{10} 50%$/m);
  t.match(snapshotText('pods', { status: STATUS, pods: [] }, NOON), /No pods\.\n$/);
  const pods = snapshotText('pods', ANSWERS, NOON);
  t.match(pods, /^POD +INTERFACE +ADDRESSES +WANTED +PRESENT +WHY$/m);
  t.match(pods, /^red\/my-db +cali1 +10\.244\.0\.2\/32 +yes +no$/m);
});
