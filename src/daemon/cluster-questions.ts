import type { ClusterAnswers, ClusterAnswersOptions } from './cluster-answers.ts';

/** The answers about the cluster: loaded with the first of them. */
export function clusterAnswers(options: ClusterAnswersOptions): () => Promise<ClusterAnswers> {
  let loaded: Promise<ClusterAnswers> | undefined;
  return () => {
    loaded ??= import('./cluster-answers.ts').then(({ ClusterAnswers }) => new ClusterAnswers(options));
    return loaded;
  };
}
