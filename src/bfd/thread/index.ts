/** bfd/thread: the sessions on a thread of their own, and the node's end of it. */
export { type Bfd, BfdThread } from './thread.ts';
