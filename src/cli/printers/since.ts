/** When something began, as BIRD tells it: the time of day if it was today, the date if it was before. Local time. */
export function sinceText(since: number, now: number): string {
  const then = new Date(since);
  const date = dateText(then);
  if (date !== dateText(new Date(now))) return date;
  return [then.getHours(), then.getMinutes(), then.getSeconds()].map(two).join(':');
}

function dateText(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A moment as part of a file's name: `20260102_150405`. Local time. */
export function timeStamp(time: number): string {
  const at = new Date(time);
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('');
  return `${dateText(at).replaceAll('-', '')}_${clock}`;
}
