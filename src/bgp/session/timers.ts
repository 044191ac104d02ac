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

/** When the first timer is due; infinity if none runs. */
export function nextDue(timers: Timers): number {
  let due = timers['connect-retry'] ?? Number.POSITIVE_INFINITY;
  if (timers.hold !== undefined && timers.hold < due) due = timers.hold;
  if (timers.keepalive !== undefined && timers.keepalive < due) due = timers.keepalive;
  if (timers['delay-open'] !== undefined && timers['delay-open'] < due) due = timers['delay-open'];
  if (timers['idle-hold'] !== undefined && timers['idle-hold'] < due) due = timers['idle-hold'];
  if (timers['send-hold'] !== undefined && timers['send-hold'] < due) due = timers['send-hold'];
  return due;
}

/** The timer that is due first. */
export function earliest(timers: Timers): TimerName | undefined {
  const due = nextDue(timers);
  return TIMER_NAMES.find((name) => timers[name] === due);
}
