import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { definitions } from '../../fakes/api-server/definitions.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';
import type { Refusal } from '../../fakes/api-server/refusal.ts';

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly spec: object;
  readonly faults: readonly string[];
}

const table = parse(readFileSync(new URL('admission.yaml', import.meta.url), 'utf8')) as readonly Row[];

t.test('with our definitions the tests’ API server takes and refuses what a real one does, in its words', async (t) => {
  const server = await ApiServer.start();
  t.teardown(() => server.stop());
  for (const { kind, name, spec, faults } of table) {
    const [resource] = [...definitions].find(([, definition]) => definition.spec.names.kind === kind)!;
    let said: readonly string[] = [];
    try {
      server.objects.create({ resource, namespace: undefined }, { kind, metadata: { name }, spec });
    } catch (error) {
      const { causes } = (error as Refusal).details as { causes: readonly { field: string; message: string }[] };
      said = causes.map(({ field, message }) => `${field}: ${message}`);
    }
    t.same([...said].sort(), [...faults].sort(), `${kind}(${name})`);
  }
});
