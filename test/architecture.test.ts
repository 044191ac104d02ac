import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { drawnFlow, drawnTree } from './plan.ts';

/**
 * Holds the tree to its plan. The table of who may import whom is read from docs/architecture.md itself, so that page
 * and code can't drift apart; what needs a list of files is listed here.
 */
interface Import {
  readonly file: string;
  /** A path from the root for our own files, else the package or `node:` module. */
  readonly target: string;
  readonly typeOnly: boolean;
}

interface Rule {
  readonly folders: ReadonlySet<string> | 'all';
  readonly typesOf: ReadonlySet<string>;
  /** Files that the plan names beside the other folder's index.ts, such as `calc/desired`. */
  readonly doors: ReadonlySet<string>;
}

/** Files that may talk to the machine. All others are pure: no `node:` module in them. */
const WORLDLY = [
  /^src\/main\.ts$/,
  /^src\/base\/folder\.ts$/,
  /^src\/bgp\/transport\//,
  /^src\/bfd\/(transport|thread)\//,
  /^src\/paths\/transport\//,
  /^src\/netlink\/(answered-socket|libc|namespace|socket|socket-options)\.ts$/,
  /^src\/nftables\/nft\.ts$/,
  /^src\/datastore\/(sqlite|etcd|kubernetes)\//,
  /^src\/datastore\/(config|usable)\.ts$/,
  /^src\/ipam\/ledger-file\.ts$/,
  /^src\/control\/(client|server|occupied|exchange|pipe)\.ts$/,
  /^src\/observe\//,
  /^src\/page\/[a-z-]+\.ts$/,
  /^src\/endpoints\/(pod-namespace|queued-deletions)\.ts$/,
  /^src\/keeping\/autodetect\.ts$/,
  /^src\/(daemon|cni|cli|lab)\//,
];

/** Modules that compute and touch nothing; anybody may use them. */
const HARMLESS = new Set(['node:crypto', 'node:events', 'node:util', 'node:path']);

/** Packages, and who may use them: each behind few doors, so that it can be replaced. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  '@kubernetes/client-node': /^src\/datastore\/kubernetes\//,
  // Only deploy/bundle.ts: whoever runs from a clone builds first.
  esbuild: /^$/,
  commander: /^src\/(cli|lab|daemon)\//,
  koffi:
    /^src\/(netlink\/|bgp\/transport\/|bfd\/(transport|thread)\/|paths\/transport\/|cli\/connectivity\/agent\/udp-options\.ts$|daemon\/notify-socket\.ts$)/,
  listr2: /^src\/lab\//,
  netlink: /^src\/netlink\//,
  preact: /^src\/page\/browser\//,
  pino: /^src\/(observe|daemon|cni)\//,
  'pino-pretty': /^src\/(observe|daemon)\//,
  'prom-client': /^src\/observe\//,
  'js-yaml': /^src\/(cli|datastore|daemon|lab)\//,
  // Only deploy/plugin: the source of QuickJS.
  qjsc: /^$/,
  zod: /^src\/(model|datastore|control|endpoints|daemon|cli|lab|ipam|nftables|policy)\//,
};

/** Packages that live in this tree, and their doors. */
const WORKSPACES: Readonly<Record<string, string>> = { 'bgp-speaker-ts': 'src/bgp/index.ts' };

/** What runs in QuickJS, in the CNI plugin that is one program of its own. */
const QUICKJS = /^src\/(cni\/quickjs\/|control\/exchange-quickjs\.ts)/;

/** Files over the length at which one asks whether they hold two ideas, with the answer. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/base/prefix-table.ts': 'one hash table: its columns and its probing belong together',
  'src/bfd/session/session.ts': 'one session: the variables of RFC 5880 and the rules that touch them',
  'src/bgp/api.ts': 'all that a program that embeds the speaker sees, on one page',
  'src/bgp/rib/pool/attribute-pool.ts': 'one pool: its columns and its reference counts belong together',
  'src/bgp/rib/out/export-group.ts': 'one queue of announcements, shared by the peers that get the same',
  'src/bgp/rib/route-engine.ts': 'one turn: what peers say, deciding, announcing, in slices',
  'src/bgp/session/connection.ts': 'one connection: messages in, events of the state machine, effects out',
  'src/calc/desired/index.ts': 'the contract between the brain and the hands, on one page',
  'src/bgp/speaker.ts': 'sessions, routes and listeners, joined: each verb of the API in a few lines',
  'src/netlink/netlink-kernel.ts': 'one interface: its verbs, each a few lines',
  'src/dataplane/routes/route-table.ts': 'columns of one family’s routes, which change together',
  'src/routing/routing.ts': 'the voice, joined: who hears of what',
  'src/routing/install.ts': 'one column of choices, and what each comes to',
  'src/dataplane/dataplane.ts': 'the hands, joined: who hears of what',
};
const QUESTION_AT = 250;
const STOP_AT = 500;

/** What tests stand on obeys the same rule. */
const LONG_SUPPORTS: Readonly<Record<string, string>> = {
  'test/contracts/cni-plugin.ts': 'one protocol: what a runtime may ask, in its order',
  'test/contracts/nft.ts': 'one interface: its verbs and its errors',
  'test/contracts/store.ts': 'one interface: each of its promises',
  'test/fakes/fake-namespace-kernel.ts': 'one interface: its verbs, each a few lines',
  'test/fakes/fake-nft.ts': 'one interpreter of nft’s own text',
};

const files = globSync('src/**/*.ts').sort();
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
const imports = [...sources].flatMap(([file, text]) => importsOf(file, text));

function importsOf(file: string, text: string): readonly Import[] {
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|import\('([^']+)'\)/gm;
  return [...text.matchAll(pattern)].map(([whole, type, from, bare, dynamic]) => {
    const name = from ?? bare ?? dynamic;
    const names = /\{([^}]*)\}/
      .exec(whole)?.[1]
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    const typeOnly = type !== undefined || (names?.every((one) => one.startsWith('type ')) ?? false);
    return {
      file,
      target: name.startsWith('.') ? normalize(join(dirname(file), name)) : (WORKSPACES[name] ?? name),
      typeOnly,
    };
  });
}

function folderOf(file: string): string {
  return file.split('/')[1];
}

/** The rows `| folder | may import | I/O |` of the plan. */
function readPlan(): ReadonlyMap<string, Rule> {
  const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(
    /^\| ((?:`[a-z]+`(?:, )?)+) \| ([^|]+) \|[^|]*\|$/gm,
  );
  const rules = new Map<string, Rule>();
  for (const [, names, may] of rows) {
    const words = may.split(';')[0].trim();
    const parts = words === '–' ? [] : words.split(',').map((part) => part.trim());
    const bare = (part: string): string => part.replace(/^types of | types$/g, '').split('/')[0];
    const rule: Rule = {
      folders: parts.includes('everything below')
        ? 'all'
        : new Set(parts.filter((part) => !part.includes('types')).map(bare)),
      typesOf: new Set(parts.filter((part) => part.includes('types')).map(bare)),
      doors: new Set(
        parts
          .filter((part) => part.includes('/'))
          .map((part) => `src/${part.replace('types of ', '')}`)
          .flatMap((path) => [`${path}.ts`, `${path}/index.ts`]),
      ),
    };
    for (const [, name] of names.matchAll(/`([a-z]+)`/g)) rules.set(name, rule);
  }
  return rules;
}

const plan = readPlan();

t.test('the plan has a row for every folder, and a folder for every row', async (t) => {
  const folders = new Set(files.map(folderOf).filter((name) => !name.endsWith('.ts')));
  t.same([...plan.keys()].sort(), [...folders].sort());
});

t.test('a package of its own is imported by its name', async (t) => {
  for (const file of globSync('{src,bench,deploy}/**/*.ts')) {
    for (const [name, door] of Object.entries(WORKSPACES)) {
      if (file.startsWith(`${dirname(door)}/`)) continue;
      const folder = dirname(file);
      const inside = [...readFileSync(file, 'utf8').matchAll(/(?:from|import) ?\(?'(\.[^']+)'/g)]
        .map(([, path]) => normalize(join(folder, path)))
        .filter((path) => path === door || (file.startsWith('src/') && path.startsWith(`${dirname(door)}/`)));
      t.same(inside, [], `${file} imports ${name} by its name`);
    }
  }
});

t.test('the drawn tree is the tree: its folders, and what they are said to hold', async (t) => {
  const folders = new Set(files.map(folderOf).filter((name) => !name.endsWith('.ts')));
  const drawn = drawnTree();
  t.same(
    drawn
      .filter(({ floor }) => floor !== undefined)
      .map(({ path }) => path)
      .sort(),
    [...folders].sort(),
  );
  for (const { path, names } of drawn) {
    const inside = files.filter((file) => file.startsWith(`src/${path}/`));
    t.not(inside.length, 0, `src/${path}/ exists`);
    const there = new Set(inside.flatMap((file) => file.replace(/\.ts$/, '').split('/').slice(1)));
    for (const name of names) if (!there.has(name)) t.fail(`src/${path}/ is said to hold ${name}`);
  }
});

t.test('nobody imports from a floor above', async (t) => {
  const floors = new Map(drawnTree().map(({ path, floor }) => [path, floor ?? 0]));
  for (const { file, target } of imports) {
    if (!target.startsWith('src/') || file === 'src/main.ts') continue;
    const [from, to] = [folderOf(file), folderOf(target)];
    if (floors.get(to)! > floors.get(from)!)
      t.fail(`${file} (L${floors.get(from)}) imports ${target} (L${floors.get(to)})`);
  }
  t.ok(floors.size > 10, 'there are floors');
});

/** Words that all speak, and what stands beside the flow. */
const BESIDE_THE_FLOW = ['base', 'model', 'daemon', 'cli', 'lab', 'nftables', 'policy'];

t.test('the drawn flow is the flow: all rooms are in it, and those that a line joins know each other', async (t) => {
  const folders = new Set(files.map(folderOf).filter((name) => !name.endsWith('.ts')));
  const { named, lines } = drawnFlow(folders);
  for (const folder of folders)
    if (!BESIDE_THE_FLOW.includes(folder)) t.ok(named.has(folder), `${folder} is in the flow`);
  for (const [one, other] of lines) {
    const knows = (from: string, to: string): boolean =>
      imports.some(({ file, target }) => folderOf(file) === from && target.startsWith(`src/${to}/`));
    t.ok(knows(one, other) || knows(other, one), `${one} and ${other} know each other`);
  }
  t.ok(lines.length >= 5, 'there are lines');
});

t.test('folders import only what the plan lets them, through the other folder’s index.ts', async (t) => {
  for (const { file, target, typeOnly } of imports) {
    if (!target.startsWith('src/') || file === 'src/main.ts') continue;
    const [from, to] = [folderOf(file), folderOf(target)];
    if (from === to) continue;
    const rule = plan.get(from);
    const allowed = rule?.folders === 'all' || rule?.folders.has(to) || (typeOnly && rule?.typesOf.has(to));
    if (!allowed) t.fail(`${file} imports ${typeOnly ? 'types of ' : ''}${target}: ${from} may not`);
    if (target !== `src/${to}/index.ts` && !rule?.doors.has(target))
      t.fail(`${file} imports ${target}, not src/${to}/index.ts`);
  }
  t.ok(imports.length > files.length, 'there are imports to judge');
});

t.test('rooms of the dataplane need each other in no circle, not for types either', async (t) => {
  const roomOf = (path: string): string | undefined => /^src\/dataplane\/([^/]+)\//.exec(path)?.[1];
  const needs = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    const [from, to] = [roomOf(file), roomOf(target)];
    if (from === undefined || to === undefined || from === to) continue;
    needs.set(from, (needs.get(from) ?? new Set()).add(to));
  }
  const circle = (room: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(room)) return [...way, room];
    for (const next of needs.get(room) ?? []) {
      const found = circle(next, [...way, room]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  t.ok(needs.size > 5, 'there are rooms to judge');
  for (const room of needs.keys()) t.equal(circle(room, [])?.join(' → '), undefined);
});

t.test('of two folders beside each other only one needs the other, for types too', async (t) => {
  const needs = new Map<string, string>();
  for (const { file, target } of imports) {
    if (target.startsWith('src/')) needs.set(`${dirname(file)} → ${dirname(target)}`, `${file} imports ${target}`);
  }
  const isWithin = (inner: string, outer: string): boolean => inner.startsWith(`${outer}/`);
  for (const [way, example] of needs) {
    const [from, to] = way.split(' → ');
    if (from === to || isWithin(from, to) || isWithin(to, from)) continue;
    const back = needs.get(`${to} → ${from}`);
    if (back !== undefined) t.fail(`${example}, and ${back}`);
  }
  t.ok(needs.size > 100, 'there are folders to judge');
});

t.test('files that are not on the list of worldly ones are pure', async (t) => {
  for (const { file, target, typeOnly } of imports) {
    if (
      !target.startsWith('node:') ||
      typeOnly ||
      HARMLESS.has(target) ||
      WORLDLY.some((pattern) => pattern.test(file))
    )
      continue;
    t.fail(`${file} imports ${target}`);
  }
  for (const pattern of WORLDLY)
    t.ok(
      files.some((file) => pattern.test(file)),
      `${pattern} names files that exist`,
    );
});

t.test('packages stay behind their doors', async (t) => {
  for (const { file, target } of imports) {
    if (target.startsWith('src/') || target.startsWith('node:') || target.startsWith('package.json')) continue;
    if (target.startsWith('qjs:')) {
      if (!QUICKJS.test(file)) t.fail(`${file} imports ${target}: Node has none`);
      continue;
    }
    const name = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
    if (!PACKAGES[name]?.test(file)) t.fail(`${file} imports ${name}`);
  }
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.same(Object.keys(PACKAGES).sort(), Object.keys(dependencies).sort(), 'every dependency has its doors');
});

/** One is the browser's; two give QuickJS what the first needs; the last has the text of a program that runs by itself, in a pod's namespace. */
const CLOCKS = new Set([
  'src/base/clock.ts',
  'src/cni/quickjs/globals.ts',
  'src/page/browser/clock.ts',
  'src/cni/quickjs/modules.d.ts',
  'src/cli/commands/policy-probe.ts',
]);

t.test('only base/clock.ts touches time', async (t) => {
  const time = /\b(Date\.now|performance\.now|setTimeout|setInterval|setImmediate|new Date\(\))/;
  for (const [file, text] of sources) {
    if (!CLOCKS.has(file) && time.test(withoutComments(text))) t.fail(`${file} asks for the time, or sets a timer`);
  }
  t.match(sources.get('src/base/clock.ts'), time);
});

t.test('every folder opens with an essay in its index.ts', async (t) => {
  for (const folder of plan.keys()) {
    t.match(sources.get(`src/${folder}/index.ts`)?.startsWith(`/**\n * ${folder}`), true, `src/${folder}/index.ts`);
  }
});

t.test('names say what a thing is', async (t) => {
  const empty = /(^|[-/])(utils?|helpers?|managers?|common|misc)([-./]|$)/;
  for (const file of [...files, ...globSync('{test,bench,deploy}/**/*.ts')]) if (empty.test(file)) t.fail(file);
  t.pass();
});

/** Names of two things, with the reason; Calico's own words, of which the other is a reading. */
const SHARED_NAMES: Readonly<Record<string, string>> = {
  Profile: "the model's is Calico's resource, the policy's what both APIs' objects are read as",
  Rule: "the model's is a line of Calico's resources, the policy's what both APIs' lines are read as",
  Tier: "the model's is Calico's resource, the policy's what is judged by",
};

t.test('one name, one thing: an exported type has its name for itself', async (t) => {
  const owners = new Map<string, string[]>();
  for (const [file, text] of sources)
    for (const [, name] of text.matchAll(/^export (?:abstract )?(?:interface|type|class) (\w+)/gm))
      owners.set(name, [...(owners.get(name) ?? []), file]);
  for (const [name, where] of owners) {
    if (where.length > 1 && SHARED_NAMES[name] === undefined) t.fail(`${name} is in ${where.join(' and ')}`);
  }
  for (const name of Object.keys(SHARED_NAMES)) t.ok(owners.get(name)!.length > 1, `${name} is shared`);
});

t.test('exports are named', async (t) => {
  for (const [file, text] of sources) if (/^export default\b/m.test(text)) t.fail(file);
  t.pass();
});

t.test('long files have a reason to be', async (t) => {
  const supports = globSync('test/{contracts,fakes,states}/**/*.ts').map(
    (file) => [file, readFileSync(file, 'utf8')] as const,
  );
  const reasons: Readonly<Record<string, string>> = { ...LONG_FILES, ...LONG_SUPPORTS };
  const judged = new Map([...sources, ...supports]);
  for (const [file, text] of judged) {
    const lines = text.split('\n').length - 1;
    if (lines > STOP_AT) t.fail(`${file} has ${lines} lines: no reason is good enough`);
    else if (lines > QUESTION_AT && reasons[file] === undefined)
      t.fail(`${file} has ${lines} lines: does it hold two ideas?`);
  }
  for (const file of Object.keys(reasons)) t.ok(judged.has(file), `${file} exists`);
  t.ok(sources.get('src/main.ts')!.split('\n').length <= 100, 'main.ts only chooses');
});

t.test('nothing is left for later, and nothing is silenced', async (t) => {
  const marks = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)|biome-ignore/;
  for (const [file, text] of sources) if (marks.test(text)) t.fail(file);
  t.pass();
});

t.test('the lockfile names no registry, so that any will do', async (t) => {
  t.notMatch(readFileSync('package-lock.json', 'utf8'), /"resolved": "(?!src\/)/);
  t.match(readFileSync('.npmrc', 'utf8'), /^omit-lockfile-registry-resolved=true$/m);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

t.test('completion and the manual know what every command of vrouter takes', async (t) => {
  const names = [...(sources.get('src/main.ts') ?? '').matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name);
  t.ok(names.length > 10);
  const known = sources.get('src/cli/own-commands.ts') ?? '';
  // Those of other rooms, and those that take nothing.
  const others = ['daemon', 'lab', 'cni', 'install-cni', 'version'];
  for (const name of names) {
    if (!others.includes(name)) t.match(known, new RegExp(`^ {2}'?${name}'?: `, 'm'), `${name} in own-commands.ts`);
  }
});
