import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { needsRoot } from '../fakes/namespaces.ts';

const BIRD = '/usr/sbin/bird';
export const needsBird = {
  skip: needsRoot.skip || (existsSync(BIRD) || process.env['CI'] ? false : 'it needs Debian’s bird2'),
};

function configuration(password: string | undefined, asn = 65001): string {
  return `router id 192.0.2.9;
protocol device {}
protocol bgp node1 {
  local 192.0.2.9 port 1790 as ${asn};
  neighbor 192.0.2.1 port 179 as 64512;
  connect delay time 1;
  error wait time 1, 2;
  ${password === undefined ? '' : `password "${password}";`}
  ipv4 { import all; export none; };
}
`;
}

/** BIRD beside a node, at 192.0.2.9 port 1790, in AS 65001 until it is changed; it never touches the kernel. */
export async function startRouter(t: Test, namespace: string, password?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-router-'));
  const [config, control] = [join(folder, 'bird.conf'), join(folder, 'bird.ctl')];
  writeFileSync(config, configuration(password));
  execFileSync('ip', ['-n', namespace, 'address', 'add', '192.0.2.9/24', 'dev', 'eth0']);
  const bird = spawn('ip', ['netns', 'exec', namespace, BIRD, '-f', '-c', config, '-s', control], { stdio: 'inherit' });
  t.teardown(async () => {
    const ended = once(bird, 'exit');
    bird.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = (...words: readonly string[]): string =>
    execFileSync('birdc', ['-s', control, ...words], { encoding: 'utf8' });
  const routes = (): string[] => [...ask('show', 'route').matchAll(/^(\d\S+\/\d+)\s/gm)].map(([, prefix]) => prefix);
  const change = (to: string, asn?: number): void => {
    writeFileSync(config, configuration(to, asn));
    ask('configure');
  };
  return { ask, routes, change };
}
