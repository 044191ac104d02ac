/** The version of Calico whose resources, names and messages are spoken here; it is what ClusterInformation says. */
export const CALICO_VERSION = 'v3.32.1';
