import type { Clock } from '../base/index.ts';
import type { FlowAnswer, FlowsAnswer, FlowsRequest } from '../control/index.ts';
import type { FlowRecord } from '../observe/flows/index.ts';
import { protocolHasPorts, protocolName } from '../policy/index.ts';
import { FlowFeed, type FlowFeedOptions } from './flow-feed.ts';
import { FlowMeanings, type FlowMeaningsOptions } from './flow-meanings.ts';
import type { FlowMeaning } from './flow-words.ts';

/** The log while it is kept: what feeds it, and who answers. Loaded when it begins. */
export interface OpenFlows {
  readonly feed: FlowFeed;
  readonly questions: FlowQuestions;
}

type OpenFlowsOptions = Omit<FlowFeedOptions, 'read'> &
  Omit<FlowMeaningsOptions, 'ring'> & { readonly news: () => void };

export async function openFlows({ news, ...options }: OpenFlowsOptions): Promise<OpenFlows> {
  let questions: FlowQuestions | undefined;
  const feed = await FlowFeed.start({
    ...options,
    read: (isNews) => {
      if (questions?.turn() || isNews) news();
    },
  });
  questions = new FlowQuestions(feed, new FlowMeanings({ ...options, ring: feed.ring }), options.clock);
  return { feed, questions };
}

/** Picks the records that a question is about, and says what they mean. */
class FlowQuestions {
  readonly #feed: FlowFeed;
  readonly #meanings: FlowMeanings;
  readonly #clock: Clock;
  /** Of the last turn. */
  #settled = 0;

  constructor(feed: FlowFeed, meanings: FlowMeanings, clock: Clock) {
    this.#feed = feed;
    this.#meanings = meanings;
    this.#clock = clock;
  }

  /** Whether windows have ended since the last turn. */
  turn(): boolean {
    this.#meanings.sweep();
    const before = this.#settled;
    this.#settled = this.#feed.ring.settled(this.#clock.wallTime());
    return this.#settled > before;
  }

  /** The question with the numbers of now, where it has none. */
  here(question: FlowsRequest): FlowsRequest & { readonly after: number; readonly settled: number } {
    const { after = this.#feed.ring.last, settled = this.#settled } = question;
    return { ...question, after, settled };
  }

  /** Undefined for one that follows, while there is nothing new. */
  answer(question: FlowsRequest): FlowsAnswer | undefined {
    return question.follow === true ? this.#news(question) : this.#newest(question);
  }

  nothing(question: FlowsRequest): FlowsAnswer {
    const { after, settled } = this.here(question);
    return this.#answered(after, settled, 0, []);
  }

  #newest(question: FlowsRequest): FlowsAnswer {
    const { ring } = this.#feed;
    const found: FlowAnswer[] = [];
    let number = ring.last;
    for (; number > ring.evicted && found.length < question.limit; number--) {
      const flow = this.#flow(number, question);
      if (flow !== undefined) found.push(flow);
    }
    const more = number > ring.evicted;
    return { ...this.#answered(ring.last, this.#settled, 0, found.reverse()), more };
  }

  /** Each record when it has begun, and once more when its window is over, if something came to it since. */
  #news(question: FlowsRequest): FlowsAnswer | undefined {
    const { ring } = this.#feed;
    const { after, settled } = this.here(question);
    // Numbers beyond the last are those of a daemon that has ended.
    const isOfAnother = after > ring.last;
    const from = isOfAnother ? ring.evicted : Math.max(after, ring.evicted);
    const over = isOfAnother ? ring.evicted : Math.max(settled, ring.evicted);
    const missed = isOfAnother ? 0 : from - after;
    const end = Math.min(ring.last, from + question.limit);
    if (end === from && this.#settled <= over) return undefined;
    const found: FlowAnswer[] = [];
    const add = (number: number): void => {
      const flow = this.#flow(number, question);
      if (flow !== undefined) found.push(flow);
    };
    const isAddedTo = (number: number): boolean => (ring.at(number)?.events ?? 0) > 1;
    for (let number = over + 1; number <= Math.min(from, this.#settled); number++) if (isAddedTo(number)) add(number);
    for (let number = from + 1; number <= end; number++) add(number);
    return this.#answered(end, Math.min(end, this.#settled), missed, found);
  }

  #answered(last: number, settled: number, missed: number, flows: FlowAnswer[]): FlowsAnswer {
    return { last, settled, missed, lost: this.#feed.lost, problems: [], flows };
  }

  #flow(number: number, { denied, since, pod }: FlowsRequest): FlowAnswer | undefined {
    const record = this.#feed.ring.at(number);
    if (record === undefined || (since !== undefined && record.last < since)) return undefined;
    if (denied === true && record.denied === undefined) return undefined;
    const meaning = this.#meanings.of(record);
    if (pod !== undefined && meaning.source !== pod && meaning.destination !== pod) return undefined;
    return told(record, number <= this.#settled, meaning);
  }
}

function told(record: FlowRecord, settled: boolean, meaning: FlowMeaning): FlowAnswer {
  const { number, first, last, family, protocol, icmp, denied, service, source, destination } = record;
  const { begun, ended, packets, octets, answeredPackets, answeredOctets } = record;
  const hasPorts = protocolHasPorts(protocol);
  const end = (address: string, name: string | undefined, port: number): FlowAnswer['source'] => {
    return { address, ...(name !== undefined && { name }), ...(hasPorts && { port }) };
  };
  return {
    ...{ number, settled, first, last, family, protocol: protocolName(protocol) },
    source: end(source, meaning.source, record.sourcePort),
    destination: end(destination, meaning.destination, record.destinationPort),
    ...(service && { service: end(service.address, undefined, service.port) }),
    ...(icmp && { icmp }),
    verdict: denied === undefined ? 'FORWARDED' : 'DENIED',
    decisions: meaning.decisions,
    ...{ begun, ended, packets, octets, answeredPackets, answeredOctets },
  };
}
