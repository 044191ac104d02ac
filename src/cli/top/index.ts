/**
 * top: a node at one screen, kept up to date.
 *
 *   keys, answers of the daemon, the terminal's size ─► state (pure: (state, event) → state) ─► screen (pure: state → lines)
 *                                          views (pure: an answer → a table) ┘
 *
 * `run` is the only part that knows the terminal and the daemon. Keys are those of k9s.
 */

export { questionsOf } from './questions.ts';
export { runTop } from './run.ts';
export { snapshotText } from './screen.ts';
export { VIEW_NAMES, type ViewName } from './views.ts';
