/** The parts of a `package.json` that differ between a clone and an archive for npm. */
export interface Manifest {
  readonly name: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** What the programs in dist/ load beside themselves; all else is in them. */
export const LOADED = ['koffi', 'netlink'] as const;

/** Where `bgp-speaker-ts` has what was built for its archive, from its own folder. */
export const LIBRARY = { program: 'dist/index.js', types: 'dist/types/bgp/index.d.ts' } as const;

/** For who builds and tests; nobody who installs an archive has the files that these speak of. */
const OF_THE_CLONE = ['private', 'workspaces', 'sideEffects', 'scripts', 'devDependencies', 'overrides', 'tap', 'knip'];

/**
 * What the archive's `package.json` says: in a clone `bgp-speaker-ts` is its sources, and vRouter needs what it is built
 * with. `cpu` is the processor that the CNI plugin was compiled for, where it was.
 */
export function published(manifest: Manifest, cpu?: string): Readonly<Record<string, unknown>> {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([key]) => !OF_THE_CLONE.includes(key)));
  if (manifest.name === 'bgp-speaker-ts') {
    return {
      ...kept,
      sideEffects: false,
      exports: {
        '.': { types: `./${LIBRARY.types}`, default: `./${LIBRARY.program}` },
        './package.json': './package.json',
      },
      files: ['dist'],
    };
  }
  return {
    ...kept,
    os: ['linux'],
    ...(cpu !== undefined && { cpu: [cpu] }),
    files: ['dist'],
    dependencies: Object.fromEntries(LOADED.map((name) => [name, manifest.dependencies![name]])),
  };
}
