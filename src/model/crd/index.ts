/**
 * The custom resource definitions under which Kubernetes stores our kinds: made of the same schemas that check them
 * everywhere else (`structural`), with the printer columns, short names and defaults (`traits`) and the rules between fields
 * (`rules`) that Calico's own definitions have. `deploy/crds.ts` writes them down.
 */
export { crdKinds, customResourceDefinition } from './definition.ts';
export { refuseDuplicates } from './duplicates.ts';
