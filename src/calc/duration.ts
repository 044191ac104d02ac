import { parseDuration } from '../base/index.ts';

/** Go's duration text (`120s`, `2m30s`) in seconds; undefined when it is none, or negative. */
export function seconds(duration: string | undefined): number | undefined {
  const milliseconds = duration === undefined ? undefined : parseDuration(duration);
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
