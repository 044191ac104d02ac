import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Log, reasonOf, sleep } from '../base/index.ts';
import type { DroppedAnswer, FlowsAnswer, Request } from '../control/index.ts';

interface LiveOptions {
  readonly ask: (question: Request) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The most listeners at once, and milliseconds between two looks at the same answer. */
const [MOST, PACE] = [32, 2000];
/** Of one answer. */
const FLOWS = 500;

/** Server-sent events: an answer whenever it differs from the one before, dropped packets as they are dropped. */
export class Live {
  readonly #options: LiveOptions;
  readonly #open = new Set<ServerResponse>();

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  async serve(op: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tell = { status: this.#status, drops: this.#drops, flows: this.#flows }[op];
    if (tell === undefined) return refuse(response, 404, 'live are /live/status, /live/drops and /live/flows');
    if (this.#open.size >= MOST) return refuse(response, 503, `${MOST} pages are listening already`);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    if (request.method === 'HEAD') return void response.end();
    this.#open.add(response);
    const stopping = new AbortController();
    response.on('close', () => {
      this.#open.delete(response);
      stopping.abort();
    });
    response.write(': hello\n\n');
    try {
      await tell.call(this, response, stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted) return;
      this.#options.log.debug({ op, err: reasonOf(error) }, 'a page was told no more');
      response.end(event('problem', { message: reasonOf(error) }));
    }
  }

  close(): void {
    for (const response of this.#open) response.end();
  }

  async #status(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { ask, clock } = this.#options;
    for (let before = ''; !signal.aborted; await sleep(clock, PACE, signal)) {
      const text = event('status', await ask({ op: 'status' }));
      // How old the last word is changes all the time.
      const said = text.replace(/"lastEventAgeSeconds":[\d.]+/, '');
      if (said !== before) response.write(text);
      before = said;
    }
  }

  /** The question itself waits for the next packet. */
  async #drops(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { ask } = this.#options;
    let after: number | undefined;
    while (!signal.aborted) {
      const answer = (await ask({ op: 'drops.after', ...(after !== undefined && { after }) })) as DroppedAnswer;
      after = answer.last;
      await tell(response, event('drops', answer));
    }
  }

  /** The same; while it is asked so, the log is kept. What is kept already comes first. */
  async #flows(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { ask } = this.#options;
    let at = { after: 0, settled: 0 };
    while (!signal.aborted) {
      const answer = (await ask({ op: 'flows', follow: true, limit: FLOWS, ...at })) as FlowsAnswer;
      at = { after: answer.last, settled: answer.settled };
      await tell(response, event('flows', answer));
    }
  }
}

/** Waits for a slow reader; what is too old by then is counted as missed. */
async function tell(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
}

function event(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ code: 'LIVE', message }));
}
