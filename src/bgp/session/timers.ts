/** The timers of RFC 4271 §8 and RFC 9687 that one connection has. */
export const TIMER_NAMES = ['connect-retry', 'hold', 'keepalive', 'delay-open', 'idle-hold', 'send-hold'] as const;
export type TimerName = (typeof TIMER_NAMES)[number];

/** Timers as data: when each that runs is due, in `Clock.now` milliseconds. */
export type Timers = { readonly [Name in TimerName]?: number };

export const NO_TIMERS: Timers = Object.freeze({});

/** The timer that is due first. */
export function earliest(timers: Timers): { readonly name: TimerName; readonly due: number } | undefined {
  let first: { name: TimerName; due: number } | undefined;
  for (const name of TIMER_NAMES) {
    const due = timers[name];
    if (due !== undefined && (first === undefined || due < first.due)) first = { name, due };
  }
  return first;
}

/** Without the named ones. */
export function stopped(timers: Timers, ...names: TimerName[]): Timers {
  const rest: { -readonly [Name in TimerName]?: number } = { ...timers };
  for (const name of names) delete rest[name];
  return rest;
}
