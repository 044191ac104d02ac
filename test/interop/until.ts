import { setTimeout as after } from 'node:timers/promises';

/** Milliseconds of pauses, without the time that the looks take: a busy machine is waited for longer. */
const DEADLINE = 40_000;
const FIRST_PAUSE = 25;
const LONGEST_PAUSE = 400;

/** Asks again and again until the answer is yes; `explain` adds to the error what was there instead. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { deadline = DEADLINE, explain }: { deadline?: number; explain?: () => string | Promise<string> } = {},
): Promise<void> {
  let waited = 0;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 1.5)) {
    if (await condition()) return;
    if (waited > deadline) {
      throw new Error(`waited ${deadline / 1000} s in vain for ${what}${explain ? `: ${await explain()}` : ''}`);
    }
    await after(pause);
    waited += pause;
  }
}
