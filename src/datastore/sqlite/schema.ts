import type { DatabaseSync } from 'node:sqlite';
import { DatastoreConfigError } from '../errors.ts';

/** `vRtr`: marks a file as ours. */
const applicationId = 0x76527472;
const schemaVersion = 1;

/**
 * One row per object, one per recent write, and one that counts the writes of all kinds. The log of writes is what
 * a watch reads; it forgets the oldest ones.
 */
const tables = `
  CREATE TABLE resource (
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
  ) STRICT;
  CREATE TABLE change (
    revision INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX change_by_kind ON change (kind, revision);
  CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    head INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counter VALUES (1, 0, 0);
`;

/** Makes an empty file ours, or checks that it is. Two processes may do so at once. */
export function prepare(database: DatabaseSync, path: string): void {
  database.exec('PRAGMA journal_mode = WAL');
  // A commit survives the process; a power cut may lose the last few, never the file's order.
  database.exec('PRAGMA synchronous = NORMAL');
  if (number(database, 'application_id') !== applicationId) claim(database, path);
  const version = number(database, 'user_version');
  if (version === schemaVersion) return;
  const advice = version > schemaVersion ? 'run that version, or a newer one' : 'it is not complete: remove it';
  throw new DatastoreConfigError(
    `${path} was written by another version of vRouter (layout ${version}, this one knows ${schemaVersion}): ${advice}`,
  );
}

function claim(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    if (number(database, 'application_id') !== applicationId) {
      const { count } = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number };
      if (count > 0)
        throw new DatastoreConfigError(`${path} is a SQLite database of something else: choose another path`);
      database.exec(tables);
      database.exec(`PRAGMA application_id = ${applicationId}`);
      database.exec(`PRAGMA user_version = ${schemaVersion}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function number(database: DatabaseSync, pragma: string): number {
  return Object.values(database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0];
}
