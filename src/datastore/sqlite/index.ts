/**
 * Resources in one SQLite file: the embedded default. Several processes share the file; each write is one
 * transaction, numbered by a counter in the file, and logged for those who watch. The log is bounded: a watch that
 * falls behind it lists again.
 */
export { type SqliteOptions, SqliteStore } from './store.ts';
