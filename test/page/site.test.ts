import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as secured } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { silentLog, systemClock, VRouterError } from '../../src/base/index.ts';
import type { Request } from '../../src/control/index.ts';
import { PageServer, type TlsFiles } from '../../src/observe/index.ts';
import { nodeQuestions, pagePlace, Site, type SiteOptions } from '../../src/page/index.ts';

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Whose certificate was shown; undefined where there is no TLS. */
  readonly name: string | undefined;
}

type Ask = (question: Request) => Promise<unknown>;
type Get = (path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answered>;

/** Asks a site that listens; the name that it is asked by is `localhost` unless said. */
async function serve(
  t: Test,
  options: Partial<SiteOptions> & { readonly ask?: Ask },
  tls?: () => TlsFiles,
): Promise<Get> {
  const { ask = async (question) => question } = options;
  const site = new Site({
    scope: 'node',
    questions: nodeQuestions(ask),
    live: ask,
    token: undefined,
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  const serving = { pages: {}, rest: site.serve.bind(site), tls };
  const server = await PageServer.listen('127.0.0.1', 0, serving, silentLog);
  t.teardown(() => server.close());
  const get = tls === undefined ? plain : secured;
  return (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const where = { host: '127.0.0.1', port: server.port, path, method, rejectUnauthorized: false, agent: false };
      const question = get({ ...where, headers: { host: 'localhost', ...headers } }, (response) => {
        const pieces: string[] = [];
        const { socket } = response;
        const name = socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : undefined;
        response.setEncoding('utf8').on('data', (piece) => {
          pieces.push(piece);
          // What is told live never ends by itself.
          if (path.startsWith('/live/') && pieces.join('').includes('\ndata: ')) response.destroy();
        });
        const answered = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: pieces.join(''), name });
        response.on('close', answered);
      });
      question.on('error', reject);
      question.end();
    });
}

t.test('files are served as they are, with a policy that lets nothing in from elsewhere', async (t) => {
  const get = await serve(t, {});
  const { status, headers, body } = await get('/');
  t.equal(status, 200);
  t.match(headers['content-type'], 'text/html');
  t.match(headers['content-security-policy'], "default-src 'none'; script-src 'self'");
  t.notMatch(headers['content-security-policy'], 'unsafe');
  t.notMatch(
    body,
    /<script(?![^>]* src="\/)|<style|\son\w+=|https?:/,
    'no script stands in the text, and nothing is elsewhere',
  );
  const open = [...body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  const seen = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const file = await get(path);
    t.equal(file.status, 200, path);
    t.equal((await get(path, { 'if-none-match': String(file.headers['etag']) })).status, 304, `${path} is kept`);
    if (!path.endsWith('.js')) continue;
    for (const [, target] of file.body.matchAll(/\bfrom ?['"]([^'"]+)['"]/g)) {
      t.match(target, /^\.\/[\w-]+\.js$/, `${path} imports from beside it`);
      open.push(target.slice(1));
    }
  }
  t.ok(seen.has('/preact.js') && seen.has('/base-prefix.js') && seen.has('/page.css'), 'all of it was walked');
});

t.test('a question is the control socket’s, with its fields', async (t) => {
  const get = await serve(t, {});
  const asked = async (path: string): Promise<unknown> => JSON.parse((await get(path)).body);
  t.same(await asked('/api/status'), { op: 'status' });
  t.same(await asked('/api/bgp.route?prefix=10.0.0.1'), { op: 'bgp.route', prefix: '10.0.0.1' });
  const routes = { op: 'bgp.routes', peer: 'p', selection: 'received', limit: 5 };
  t.same(await asked('/api/bgp.routes?peer=p&selection=received&limit=5'), routes);
  t.same(await asked('/api/page'), { scope: 'node' });
});

t.test('nothing but a reader’s question is answered', async (t) => {
  const get = await serve(t, {});
  for (const op of ['resync', 'cni.add', 'cni.del', 'policy.verify', 'policy.changes', 'no.such', 'constructor']) {
    const { status, body } = await get(`/api/${op}`);
    t.equal(status, 400, op);
    t.match(JSON.parse(body), { code: 'BAD_REQUEST', message: `no question '${op}'` });
  }
  t.match(JSON.parse((await get('/api/address')).body), { code: 'BAD_REQUEST', message: "field 'address'" });
  t.match(JSON.parse((await get('/api/bgp.routes?peer=p&selection=all')).body), { message: "field 'selection'" });
  t.equal((await get('/api/status?op=resync')).body, '{"op":"status"}', 'the path names the question');
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) t.equal((await get('/', {}, method)).status, 405, method);
  for (const path of ['/../package.json', '/%2e%2e/main.ts', '/main.ts', '/page', '//'])
    t.not((await get(path)).status, 200, path);
});

t.test('what fails says so: what is known in its words, bugs in the log alone', async (t) => {
  const known = await serve(t, { ask: () => Promise.reject(new VRouterError('NO_PEER', 'nobody is called so')) });
  t.match(await known('/api/status'), { status: 400, body: '{"code":"NO_PEER","message":"nobody is called so"}' });
  const bug = await serve(t, { ask: () => Promise.reject(new Error('secret')) });
  const { status, body } = await bug('/api/status');
  t.equal(status, 500);
  t.notMatch(body, 'secret');
});

t.test('long lists are searched here, and cut', async (t) => {
  const all = Array.from({ length: 2000 }, (_, number) => ({ text: `10.0.${number}.0/26`, why: 'BGP' }));
  const get = await serve(t, { ask: async () => all });
  const found = async (path: string) => JSON.parse((await get(path)).body);
  t.match(await found('/api/routes'), { total: 2000, found: 2000 });
  t.equal((await found('/api/routes')).entries.length, 500);
  t.same(await found('/api/routes?find=bgp+10.0.7.'), { total: 2000, found: 1, entries: [all[7]] });
});

t.test('another site can’t have its own name lead here', async (t) => {
  const get = await serve(t, {});
  for (const host of ['localhost', 'localhost:8080', '127.0.0.1:9099', '127.8.0.1', '[::1]:9099', 'vrouter.localhost'])
    t.equal((await get('/api/status', { host })).status, 200, host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9099', '10.0.0.1', 'x:y:z'])
    t.equal((await get('/api/status', { host })).status, 403, host);
  t.equal((await get('/api/status', { 'sec-fetch-site': 'cross-site' })).status, 403);
});

t.test('live: an answer is told when it changes, a packet when it is dropped', async (t) => {
  const packet = { at: 1, why: 'rule' };
  const flow = { number: 1, verdict: 'DENIED' };
  const answers: Readonly<Record<string, object>> = {
    status: { nodename: 'n1' },
    'drops.after': { last: 1, missed: 0, packets: [packet] },
    flows: { last: 1, settled: 0, flows: [flow] },
  };
  const ask = async ({ op }: Request): Promise<unknown> => answers[op];
  const get = await serve(t, { ask });
  const status = await get('/live/status');
  t.match(status.headers['content-type'], 'text/event-stream');
  t.match(status.body, 'event: status\ndata: {"nodename":"n1"}\n\n');
  t.match(
    (await get('/live/drops')).body,
    `event: drops\ndata: {"last":1,"missed":0,"packets":[${JSON.stringify(packet)}]}`,
  );
  t.match((await get('/live/flows')).body, 'event: flows\ndata: {"last":1,"settled":0,"flows":[{"number":1,');
  t.equal((await get('/live/resync')).status, 404);
});

/** A folder with a certificate, its key and a token. */
function files(t: Test): Readonly<Record<'folder' | 'cert' | 'key' | 'token' | 'short' | 'none', string>> {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-page-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [cert, key, token, short, none] = ['cert', 'key', 'token', 'short', 'none'].map((name) => join(folder, name));
  certify('node', cert, key);
  writeFileSync(token, 'a-token-that-nobody-guesses\n');
  writeFileSync(short, 'short\n');
  return { folder, cert, key, token, short, none };
}

function certify(name: string, cert: string, key: string): void {
  const names = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`];
  execFileSync('openssl', ['req', '-x509', ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
}

t.test(
  'an address that others reach needs a certificate and a token, which are looked at before anything starts',
  async (t) => {
    const { cert, key, token, short, none } = files(t);
    const names = { host: 'HOST', port: 'PORT', cert: 'CERT', key: 'KEY', token: 'TOKEN' };
    const place = (host: string, [cert, key, token]: readonly string[]) =>
      pagePlace({ host, port: 9179, cert, key, token }, names);
    const CASES: readonly (readonly [host: string, given: readonly string[], says: RegExp])[] = [
      ['0.0.0.0', ['', '', ''], /HOST='0\.0\.0\.0' needs CERT and KEY and TOKEN/],
      ['10.0.0.1', [cert, key, ''], /needs TOKEN/],
      ['::', ['', '', token], /needs CERT/],
      ['node1.example', [cert, '', token], /needs KEY/],
      ['127.0.0.1', [cert, '', ''], /go together/],
      ['10.0.0.1', [none, key, token], /CERT='.*none' can't be read: .*ENOENT/],
      ['10.0.0.1', [key, key, token], /are no certificate and its key, as PEM/],
      ['10.0.0.1', [cert, key, short], /TOKEN='.*' must hold one line of at least 16 characters/],
    ];
    for (const [host, given, says] of CASES)
      await t.rejects(place(host, given), { code: 'PAGE', message: says }, String(says));
    t.match(await place('127.0.0.1', ['', '', '']), { tls: undefined, token: undefined });
    t.equal((await place('10.0.0.1', [cert, key, token])).token?.(), 'a-token-that-nobody-guesses');
  },
);

t.test('over TLS whoever has the token reads, by whatever name; nobody else gets a file', async (t) => {
  const { cert, key, token } = files(t);
  const secret = readFileSync(token, 'utf8').trim();
  const pem = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const get = await serve(t, { token: () => secret }, () => pem);
  const host = 'node1.example';
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const authorization of [`Bearer ${secret}`, `bearer ${secret}`, basic(`me:${secret}`), basic(`:${secret}`)])
    t.equal((await get('/api/status', { host, authorization })).status, 200, authorization);
  const wrong = [
    '',
    'Bearer',
    'Bearer x',
    `Bearer ${secret}x`,
    basic(secret.slice(1)),
    basic(`${secret}:`),
    `Digest ${secret}`,
  ];
  for (const authorization of wrong) {
    for (const path of ['/', '/api/status', '/live/status', '/main.js']) {
      const { status, headers } = await get(path, { host, authorization });
      t.equal(status, 401, `${path} with ${authorization}`);
      t.match(headers['www-authenticate'], 'Basic realm="vRouter"', 'a browser asks for it');
    }
  }
});

/** A Secret as kubelet mounts it: its files are links into a folder that a link names, and that link is turned. */
function secretVolume(t: Test) {
  const { folder } = files(t);
  const at = (name: string): string => join(folder, 'volume', name);
  let turns = 0;
  const turn = (name: string, token: string, keyOf = name): void => {
    const data = `..${turns++}`;
    mkdirSync(at(data), { recursive: true });
    certify(name, at(`${data}/cert`), at(`${data}/key`));
    if (keyOf !== name) certify(keyOf, join(folder, 'cert'), at(`${data}/key`));
    writeFileSync(at(`${data}/token`), token);
    symlinkSync(data, at('..next'));
    renameSync(at('..next'), at('..data'));
  };
  mkdirSync(at(''));
  for (const name of ['cert', 'key', 'token']) symlinkSync(`..data/${name}`, at(name));
  return { turn, given: { host: '10.0.0.1', port: 9179, cert: at('cert'), key: at('key'), token: at('token') } };
}

t.test('another certificate and another token hold from the next request on, without a restart', async (t) => {
  const { turn, given } = secretVolume(t);
  const [first, second, third] = ['first', 'second', 'third'].map((word) => `the-${word}-token-of-all`);
  const said: string[] = [];
  const note = (_: object, message: string) => void said.push(message);
  turn('one', first);
  const names = { host: 'HOST', port: 'PORT', cert: 'CERT', key: 'KEY', token: 'TOKEN' };
  const place = await pagePlace(given, names, { ...silentLog, info: note, warn: note });
  const get = await serve(t, { token: place.token }, place.tls);
  const statuses = async () =>
    Promise.all(
      [first, second, third].map(async (token) => {
        const { status, name } = await get('/api/status', { authorization: `Bearer ${token}` });
        return `${status} ${name}`;
      }),
    );
  t.same(await statuses(), ['200 one', '401 one', '401 one']);
  turn('two', second);
  t.same(await statuses(), ['401 two', '200 two', '401 two']);
  t.same(place.problems(), []);
  t.same(said, ['the files have changed: read anew', 'the files have changed: read anew'], 'once for each');

  turn('three', 'short', 'other');
  t.same(await statuses(), ['401 two', '200 two', '401 two'], 'what is of no use changes nothing');
  t.match(place.problems(), [
    /^CERT='.*' and KEY='.*' are no certificate and its key, as PEM: .*; what was there before is used on$/,
    /^TOKEN='.*' must hold one line .*; what was there before is used on$/,
  ]);
  turn('four', third);
  t.same(await statuses(), ['401 four', '401 four', '200 four']);
  t.same(place.problems(), []);
});
