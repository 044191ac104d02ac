/** A part that the kernel refuses, or a whole table, and why. */
export interface FailedFilter {
  readonly what: string;
  readonly reason: string;
}

/** Whether a part is there as it is wanted, and what the kernel says if it refuses it. */
export interface PartStanding {
  readonly present: boolean;
  readonly refused: string | undefined;
}

/** When what the kernel refuses is tried again though nothing has changed: a large part's trial costs as much as it holds. */
export type RetryTurn = 'soon' | 'late';

/** What came of an attempt: whether the kernel took all that was tried, and the turns of what it refused. */
export interface Brought {
  readonly isDone: boolean;
  readonly turns: ReadonlySet<RetryTurn>;
}

export const ALL_DONE: Brought = { isDone: true, turns: new Set() };
