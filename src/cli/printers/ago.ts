const [MINUTE, HOUR, DAY] = [60, 3600, 24 * 3600];

/** A time in milliseconds as FRR prints how long a session is up: `00:01:02`, `3d04h05m`, `2w3d04h`. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [days, hours] = [Math.floor(seconds / DAY), Math.floor((seconds % DAY) / HOUR)];
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  if (days === 0) return [hours, minutes, seconds % MINUTE].map(two).join(':');
  if (days < 7) return `${days}d${two(hours)}h${two(minutes)}m`;
  return `${Math.floor(days / 7)}w${days % 7}d${two(hours)}h`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
