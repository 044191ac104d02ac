import type { BgpAnswers, BgpAnswersOptions } from './bgp-answers.ts';
import type { QuerySources } from './queries.ts';

type Questioned = Omit<BgpAnswersOptions, 'kernelRoutes' | 'isLedWithoutBgp' | 'queries'> & {
  readonly queries: () => QuerySources;
};

/** The answers about BGP: loaded with the first of them. */
export function bgpAnswers(options: Questioned): () => Promise<BgpAnswers> {
  let loaded: Promise<BgpAnswers> | undefined;
  const load = async (): Promise<BgpAnswers> => {
    const [{ BgpAnswers }, { explainRoutesTo, isLedWithoutBgp }] = await Promise.all([
      import('./bgp-answers.ts'),
      import('./explain-routes.ts'),
    ]);
    const { queries } = options;
    return new BgpAnswers({
      ...options,
      kernelRoutes: (prefix) => explainRoutesTo(queries(), prefix),
      isLedWithoutBgp: (prefix) => isLedWithoutBgp(queries(), prefix),
    });
  };
  return () => {
    loaded ??= load();
    return loaded;
  };
}
