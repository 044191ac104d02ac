/** The timers of RFC 4271 §8 and RFC 9687 that one connection has. */
export const TIMER_NAMES = ['connect-retry', 'hold', 'keepalive', 'delay-open', 'idle-hold', 'send-hold'] as const;
export type TimerName = (typeof TIMER_NAMES)[number];

/** Timers as data: when each that runs is due, in `Clock.now` milliseconds. */
export type Timers = { readonly [Name in TimerName]?: number | undefined };

/** Timers while they are set and stopped. */
export type DraftTimers = { -readonly [Name in TimerName]: number | undefined };

export const NO_TIMERS: Timers = Object.freeze(draftOf({}));

/** A copy, always with the same fields in the same order: machines are many, and objects of one shape are cheap. */
export function draftOf(timers: Timers): DraftTimers {
  return {
    'connect-retry': timers['connect-retry'],
    hold: timers.hold,
    keepalive: timers.keepalive,
    'delay-open': timers['delay-open'],
    'idle-hold': timers['idle-hold'],
    'send-hold': timers['send-hold'],
  };
}

/** The timer that is due first. */
export function earliest(timers: Timers): TimerName | undefined {
  let first: TimerName | undefined;
  let due = Number.POSITIVE_INFINITY;
  for (const name of TIMER_NAMES) {
    const time = timers[name];
    if (time === undefined || time >= due) continue;
    first = name;
    due = time;
  }
  return first;
}
