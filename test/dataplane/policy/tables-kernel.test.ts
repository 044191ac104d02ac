import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Address, formatAddress } from '../../../src/base/index.ts';
import type { Contents } from '../../../src/dataplane/policy/contents.ts';
import { renderEnforcement } from '../../../src/dataplane/policy/render.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { Transaction } from '../../../src/nftables/index.ts';
import { parseRuleset } from '../../../src/nftables/ruleset.ts';
import { walk } from '../../../src/nftables/walk.ts';
import { caseFile } from '../../../src/policy/cases/format.ts';
import { type Judge, judgeOf, runCases } from '../../../src/policy/cases/run.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import type { World } from '../../../src/policy/world.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { hasIpv6, inIpv6 } from '../../policy/ipv6-twin.ts';

/**
 * Every case once more, answered by the kernel: its policy is put into the packet filter, the table is read back, and each
 * probe goes its way through what was read. Whatever nft or the kernel makes of a rule, it has to say what the judge says.
 */
const NAMESPACE = `vrt-policy-${process.pid}`;
const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
const { worlds } = caseFile.parse(read('calico'));

t.test('the kernel says what the judge says', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  for (const name of ['kubernetes', 'cluster-network-policy', 'calico', 'networks', 'matrix']) {
    for (const family of [4, 6] as const) {
      t.test(`${name}, IPv${family}`, async (t) => {
        const table = caseFile.parse(read(name));
        const cases = table.cases.filter((one) => family === 4 || !hasIpv6(one));
        const twin = (value: unknown): unknown => (family === 4 ? value : inIpv6(value));
        const file = caseFile.parse({
          format: table.format,
          worlds: twin({ ...worlds, ...table.worlds }),
          cases: cases.map(twin),
        });
        for (const { id, failures } of runCases(file, {}, (world) => kernelJudge(world, family))) {
          t.same(failures.slice(0, 5), [], id);
        }
      });
    }
  }
});

/** Puts the policy of all pods of the world into the kernel, and answers by what is there then. */
function kernelJudge(world: World, family: 4 | 6): Judge {
  const local = world.endpoints
    .filter(({ kind }) => kind === 'pod')
    .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
  const table = { family: family === 4 ? 'ip' : 'ip6', name: 'vrouter-policy' } as const;
  const contents = renderEnforcement(enforcementOf(world, local), family, 'cali');
  const nft = (args: readonly string[], input?: string): string => {
    const [command, ...words] = inNamespace(NAMESPACE, ['nft', ...args]);
    return execFileSync(command, words, { input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  };
  nft(['-f', '-'], transactionOf(table, contents).text);
  const ruleset = parseRuleset(nft(['-j', '-n', 'list', 'table', table.family, table.name]));
  const interfaces = new Map(
    local.flatMap(({ interfaceName, endpoint }) =>
      endpoint.addresses.map((address) => [formatAddress(address), interfaceName]),
    ),
  );
  const interfaceOf = (address: Address): string => interfaces.get(formatAddress(address)) ?? 'eth0';
  const pure = judgeOf(world);
  return (packet) => {
    const way = walk(ruleset, 'forward', {
      ...packet,
      iifname: interfaceOf(packet.source),
      oifname: interfaceOf(packet.destination),
      state: 'new',
    });
    const allowed = way.verdict === 'accept';
    return { allowed, words: `in chain ${way.chain}, while the judge says ${pure(packet).words}` };
  };
}

function transactionOf(table: Transaction['table'], all: readonly Contents[]): Transaction {
  let transaction = new Transaction(table).removeTable().addTable();
  for (const { sets = [], maps = [], chains } of all) {
    for (const [set, elements] of sets) transaction = transaction.addSet(set).addElements(set, elements);
    for (const [chain] of chains) transaction = transaction.addChain(chain);
    for (const [map, entries] of maps) transaction = transaction.addMap(map).addEntries(map, entries);
    for (const [chain, rules] of chains) {
      transaction = transaction.flushChain(chain.name);
      for (const { expression } of rules) transaction = transaction.addRule({ chain: chain.name, expression });
    }
  }
  return transaction;
}
