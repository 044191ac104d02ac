/**
 * Resources in etcd, with Calico's keys and values, so that Calico's own tools read what we write and the other
 * way round. It speaks to etcd's JSON gateway over plain HTTP; docs/design/datastores.md says why.
 */
export { discoverEndpoints } from './discovery.ts';
export { EtcdStore } from './store.ts';
