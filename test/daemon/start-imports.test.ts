import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

/** Everything that is loaded when a file is: what it imports at its head, types apart, and what that imports. */
function loadedWith(entry: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.startsWith('src/')) continue;
    const statements = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s+(?!type\s)(\{[^}]*\}|[^'{;]*?)\s*(?:from\s+)?'([^']+)'/gm,
    );
    for (const [, names, target] of statements) {
      const all = /^\{([^}]*)\}$/
        .exec(names)?.[1]
        .split(',')
        .map((one) => one.trim());
      if (all?.filter((one) => one !== '').every((one) => one.startsWith('type '))) continue;
      open.push(target.startsWith('.') ? normalize(join(dirname(file), target)) : target);
    }
  }
  return found;
}

const loaded = loadedWith('src/daemon/command.ts');

t.test('a node that nobody asks anything loads no code for answers', async (t) => {
  t.ok(loaded.has('src/calc/graph.ts') && loaded.has('zod'), 'the walk finds what is loaded');
  const spared = [
    /^src\/policy\/(explain|cases)\//,
    /^src\/observe\/alias(es|-table|-shape)\.ts$/,
    /^src\/control\/.*answers\.ts$/,
    /^src\/page\//,
    /^src\/daemon\/((policy|cluster)-answers|policy-(why|verify|staged|kernel)|explain-routes|flags)\.ts$/,
    /^(commander|js-yaml|listr2|pino-pretty|@grpc\/grpc-js|@kubernetes\/client-node)$/,
  ];
  t.same(
    [...loaded].filter((file) => spared.some((pattern) => pattern.test(file))),
    [],
  );
});
