import { parseDuration } from '../base/index.ts';
import { UnreadableArgument } from './errors.ts';

const DAY = 24 * 3_600_000;
/** Ways to say when, for people. */
export const TIMES = '2026-01-02T15:04:05Z, 2026-01-02 15:04, 15:04 (the last one), or 10m (ago)';

/** Milliseconds since 1970. A time that can't be read throws `UnreadableArgument`. */
export function timeOf(text: string, now: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  if (/^\d{1,2}:\d{2}(:\d{2})?$/.test(text)) {
    const today = Date.parse(
      `${new Date(now).toISOString().slice(0, 10)}T${text.padStart(text.length < 7 ? 5 : 8, '0')}Z`,
    );
    if (!Number.isNaN(today)) return today <= now ? today : today - DAY;
  }
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(text) && text.length > 10 ? text : `${text}Z`;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) throw new UnreadableArgument(`invalid time specified: ${text}. Use one such as ${TIMES}`);
  return time;
}
