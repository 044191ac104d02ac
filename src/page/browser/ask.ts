/** Why there is no answer: the words of who was asked, or that nobody was reached. */
export class NoAnswer extends Error {}

/** The control socket's answer to a question. */
export async function ask<T>(question: string, fields: Readonly<Record<string, string>> = {}): Promise<T> {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
  const response = await fetch(`/api/${question}?${query}`).catch(() => undefined);
  if (response === undefined)
    throw new NoAnswer('nobody answers: the program that serves this page does not run, or is not reached');
  const answer = await response.json().catch(() => ({ message: `an answer that is none (${response.status})` }));
  if (!response.ok) throw new NoAnswer(String(answer.message));
  return answer as T;
}

export interface LiveListener<T> {
  readonly heard: (value: T) => void;
  /** Undefined: all is well again. */
  readonly trouble: (reason: string | undefined) => void;
}

/** Hears of what is told under `/live/`, until what it answers is called. The browser itself comes back after an outage. */
export function listen<T>(what: string, { heard, trouble }: LiveListener<T>): () => void {
  const source = new EventSource(`/live/${what}`);
  source.addEventListener('open', () => trouble(undefined));
  source.addEventListener(what, ({ data }: MessageEvent<string>) => heard(JSON.parse(data)));
  source.addEventListener('problem', ({ data }: MessageEvent<string>) => trouble(String(JSON.parse(data).message)));
  source.addEventListener('error', () => trouble('the connection is gone; it is tried again'));
  return () => source.close();
}
