import t from 'tap';
import { Cluster } from './harness.ts';

/** Every command with the options that scripts may give it. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  create: [
    '--dry-run',
    '-f, --filename',
    '-R, --recursive',
    '--skip-empty',
    '--skip-exists',
    '-c, --config',
    '-n, --namespace',
  ],
  apply: ['--dry-run', '-f, --filename', '-R, --recursive', '--skip-empty', '-c, --config', '-n, --namespace'],
  replace: ['--dry-run', '-f, --filename', '-R, --recursive', '--skip-empty', '-c, --config', '-n, --namespace'],
  delete: [
    '--dry-run',
    '-f, --filename',
    '-R, --recursive',
    '--skip-empty',
    '-s, --skip-not-exists',
    '-c, --config',
    '-n, --namespace',
  ],
  get: ['-f, --filename', '-o, --output', '-A, --all-namespaces', '--export', '-n, --namespace', '-R, --recursive'],
  patch: ['--dry-run', '-p, --patch', '-t, --type', '-n, --namespace', '-c, --config'],
  label: ['--overwrite', '--remove', '-n, --namespace', '-c, --config'],
  validate: ['-f, --filename', '-R, --recursive', '--skip-empty', '-c, --config', '-n, --namespace'],
  version: ['--client', '--poll', '-c, --config'],
  'ipam check': ['-c, --config', '-o, --output', '--show-all-ips', '--show-problem-ips', '--kubeconfig'],
  'ipam release': ['--ip', '--from-report', '--force'],
  'ipam show': ['--ip', '--show-blocks', '--show-borrowed', '--show-configuration'],
  'ipam split': ['--cidr', '--name'],
  'ipam who': ['--at', '--ledger'],
  'ipam configure': ['--strictaffinity', '--max-blocks-per-host', '--kubevirt-ip-persistence', '--ip-cooldown-seconds'],
  'node run': [
    '--ip',
    '--ip6',
    '--as',
    '--name',
    '--ip-autodetection-method',
    '--ip6-autodetection-method',
    '--log-dir',
    '--node-image',
    '--backend',
    '--felix-config',
    '--no-default-ippools',
    '--dryrun',
    '--init-system',
  ],
  'node status': ['--allow-version-mismatch'],
  'node diags': ['--log-dir'],
  'node checksystem': ['-f, --kernel-config'],
  'cluster diags': [
    '--since',
    '--max-logs',
    '--max-parallelism',
    '--focus-nodes',
    '--skip-temp-dir-cleanup',
    '-c, --config',
  ],
  'datastore migrate export': ['-c, --config'],
  'datastore migrate import': ['-f, --filename'],
  'datastore migrate lock': ['-c, --config'],
  'datastore migrate unlock': ['-c, --config'],
  'datastore migrate-policy-names': ['-c, --config', '--allow-version-mismatch'],
  completion: [],
};

for (const [command, options] of Object.entries(COMMANDS)) {
  t.test(`${command} --help`, async (t) => {
    const { code, stdout, stderr } = await new Cluster().run(`${command} --help`);
    t.equal(code, 0);
    t.equal(stderr, '');
    t.match(stdout, `Usage: calicoctl ${command} `);
    for (const option of options) t.match(stdout, new RegExp(`^  ${option}[ <]`, 'm'), option);
  });
}

t.test('help of get names every kind', async (t) => {
  const { stdout } = await new Cluster().run('get --help');
  t.match(stdout, /^ {2}ipPool +ipp$/m);
  t.match(stdout, /^ {2}networkPolicy +np$/m);
  t.notMatch(stdout, /ipamBlock/);
});

t.test('an older spelling of -A', async (t) => {
  t.match(await new Cluster().run('get netsets -a'), { code: 0, stdout: 'NAMESPACE   NAME   \n\n' });
});
