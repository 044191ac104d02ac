/**
 * explain: what a name in a log, a graph or an alert means, and what to do.
 *
 *   docs/errors.md, docs/metrics.md, docs/runbooks/ ─► shelf (reads them) ─► entries (pure: rows and pages → entries) ─► text
 *
 * The pages are the only place where these texts are; tests hold them to the code. They lie beside the built programs too, so
 * that no network is needed when something is down.
 */
export { type ExplainedName, namesLike, spellingOf } from './entries.ts';
export { shelf } from './shelf.ts';
export { explanationText } from './text.ts';
