import { readdirSync, readFileSync } from 'node:fs';

/*
 * A limit on progress instead of one on the wall's clock: what a file gets done in a minute depends on what else the
 * machine does, so a file ends only when it has said nothing and done next to nothing for long, or has worked for much
 * longer than any file needs, by the processor's own account.
 */

/** One look at what is running: when (ms), the processor time it has had so far (ms), and how much it has said (octets). */
export interface Sample {
  readonly at: number;
  readonly worked: number;
  readonly said: number;
}

/** Milliseconds between two looks. */
export const LOOK_EVERY = 5000;

/** Who has done less than one hundredth of one processor's time and said nothing for this long (ms) hangs. */
const QUIET_LIMIT = 300_000;
const LEAST_SHARE = 0.01;

/** Processor time (ms) that no file needs; what takes it turns in circles. */
const WORK_LIMIT = 1_800_000;

/** Judges a run by its samples, one after another. */
export class Progress {
  #since: Sample;

  constructor(start: Sample) {
    this.#since = start;
  }

  /** The reason to end it, or undefined as long as it gets on. */
  judge(sample: Sample): string | undefined {
    if (sample.worked > WORK_LIMIT) return `still running after ${WORK_LIMIT / 1000} s of processor time`;
    const { at, worked, said } = this.#since;
    const span = sample.at - at;
    if (sample.said > said || sample.worked - worked > LEAST_SHARE * span) {
      // A look that fell on a short burst says as much as one that fell on steady work.
      this.#since = sample;
      return undefined;
    }
    return span > QUIET_LIMIT ? `no progress for ${Math.round(span / 1000)} s` : undefined;
  }
}

/** Linux counts processor time in hundredths of a second for everybody outside (USER_HZ). */
const MS_PER_TICK = 10;

/** Processor time (ms) of all children of this process that have ended, with theirs that they waited for. proc(5). */
export function processorTimeOfEnded(): number {
  const [children, ofKernel] = fieldsOf(readFileSync('/proc/self/stat', 'utf8')).slice(13, 15);
  return MS_PER_TICK * (Number(children) + Number(ofKernel));
}

/** Processor time (ms) of a process and its descendants, those that have ended and were waited for included. proc(5). */
export function processorTime(root: number): number {
  const children = new Map<number, number[]>();
  const times = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const id = Number(name);
    if (!Number.isInteger(id)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      continue; // It has ended meanwhile.
    }
    const fields = fieldsOf(stat);
    const parent = Number(fields[1]);
    times.set(id, MS_PER_TICK * fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0));
    const siblings = children.get(parent);
    if (siblings) siblings.push(id);
    else children.set(parent, [id]);
  }
  let sum = 0;
  for (const waiting = [root]; waiting.length > 0; ) {
    const id = waiting.pop() ?? root;
    sum += times.get(id) ?? 0;
    waiting.push(...(children.get(id) ?? []));
  }
  return sum;
}

/** The fields from the third on; the second is the command's name in parentheses, with whatever it likes between them. */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
