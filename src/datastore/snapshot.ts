import { createHash } from 'node:crypto';
import { VRouterError } from '../base/index.ts';
import {
  formatJson,
  isKindName,
  isKubernetesKind,
  type KindName,
  parseJson,
  type ResourceOf,
  read,
} from '../model/index.ts';

/** The writer of a snapshot, and when it was last known to be true. */
export interface SnapshotHeading {
  readonly nodename: string;
  readonly datastore: string;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
}

export interface Snapshot extends SnapshotHeading {
  readonly resources: readonly ResourceOf<KindName>[];
}

/** The file is no snapshot that may be used. The message says why. */
export class SnapshotRefused extends VRouterError {
  constructor(reason: string) {
    super('SNAPSHOT', `the snapshot is not used: ${reason}`);
  }
}

const FORMAT = 'vrouter-snapshot';
const VERSION = 1;

/**
 * A snapshot as text, line by line: a heading, an object in each line, and at the end how many there are and the
 * SHA-256 of all that came before. So it can be written as it is made.
 */
export class SnapshotWriter {
  readonly #hash = createHash('sha256');
  #count = 0;

  heading(heading: SnapshotHeading): string {
    return this.#line({ format: FORMAT, version: VERSION, ...heading });
  }

  /** Without its revision: it says nothing to a reader who doesn't know what happened since. */
  object(resource: ResourceOf<KindName>): string {
    const { resourceVersion: _, ...metadata } = resource.metadata;
    this.#count++;
    return this.#line({ ...resource, metadata });
  }

  /** The last line. */
  end(): string {
    return `${JSON.stringify({ objects: this.#count, sha256: this.#hash.digest('hex') })}\n`;
  }

  #line(value: object): string {
    const line = `${formatJson(value)}\n`;
    this.#hash.update(line);
    return line;
  }
}

/** Reads a snapshot. `SnapshotRefused`: it is cut off or damaged, of another version, or another node's. */
export function readSnapshot(text: string, expected: Pick<SnapshotHeading, 'nodename' | 'datastore'>): Snapshot {
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const trailer = parsed(text.slice(end));
  const body = text.slice(0, end);
  if (trailer['sha256'] === undefined || !text.endsWith('\n')) throw new SnapshotRefused('it is cut off');
  if (trailer['sha256'] !== createHash('sha256').update(body).digest('hex')) throw new SnapshotRefused('it is damaged');
  const [first, ...lines] = body.split('\n').slice(0, -1);
  const { format, version, nodename, datastore, takenAt } = parsed(first ?? '');
  if (format !== FORMAT || version !== VERSION) throw new SnapshotRefused(`its version is ${format} ${version}`);
  if (nodename !== expected.nodename) throw new SnapshotRefused(`it is that of node ${nodename}`);
  if (datastore !== expected.datastore) throw new SnapshotRefused(`it is that of a datastore ${datastore}`);
  if (typeof takenAt !== 'number' || lines.length !== trailer['objects']) throw new SnapshotRefused('it is damaged');
  return { nodename, datastore, takenAt, resources: lines.flatMap(resourceOf) };
}

/** Reads a line; an object of another version that this one does not understand is left out, as one of the store is. */
function resourceOf(line: string): ResourceOf<KindName>[] {
  const value = parsed(line) as unknown as ResourceOf<KindName>;
  if (!isKindName(value.kind) && !isKubernetesKind(value.kind)) return [];
  const { resource } = read(value.kind, value);
  return resource === undefined ? [] : [resource];
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
