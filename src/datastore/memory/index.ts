/** Resources in memory: the simplest engine, and the one that tests of other rooms use. */
export { MemoryDatabase, MemoryStore } from './store.ts';
