/** A Kubernetes API server small enough for a test, with the habits of a real one that clients must cope with. */
export { Objects } from './objects.ts';
export { ApiServer } from './server.ts';
