import { dashboard } from '../../deploy/monitoring/board.ts';
import { BOARDS } from '../../deploy/monitoring/boards.ts';

export interface BoardQuery {
  readonly uid: string;
  readonly title: string;
  readonly expr: string;
}

/** Every expression of the boards as Grafana asks it where everything is chosen. */
export function boardQueries(): readonly BoardQuery[] {
  const asked = (expr: string): string => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*');
  return BOARDS.flatMap((board) => {
    const { panels, annotations } = dashboard(board);
    return [
      ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr }))),
      ...annotations.list.map(({ name, expr }) => ({ title: name, expr })),
    ].map(({ title, expr }) => ({ uid: board.uid, title, expr: asked(expr) }));
  });
}
