/**
 * lab/topology: a lab drawn by a file, in containerlab's format, of what a Linux machine has without containers.
 *
 *   read     text → what is to be made, and what of the text is not acted on; pure
 *   build    makes it: places, cables, addresses, daemons, resources
 *   joined   what keeps them from being joined
 *   router   BIRD and FRR in a place of the lab
 *
 * Every place has `eth0` on the lab's own switch, which is containerlab's management network; what the file cables
 * are interfaces beside it. Of the nodes of kind `vrouter` each has a daemon; pods are theirs alone.
 */
export { buildTopology, loadTopology, type TopologyFile, untilJoined } from './build.ts';
export { untilSessions } from './joined.ts';
