import { Component, type ComponentChild, h } from 'preact';
import type { FlowAnswer, FlowsAnswer } from '../../control/answers.ts';
import { listen } from './ask.ts';
import { isAskedFor, type LiveFilters, liveFilters } from './live-filters.ts';
import { type Column, count, notice, pill, table } from './pieces.ts';
import type { PlaceInPage } from './place.ts';

/** Flows that are remembered, and shown. */
const [KEPT, SHOWN] = [1000, 200];

interface FlowsState {
  /** By their numbers: what came to one replaces what was told before. */
  readonly flows: ReadonlyMap<number, FlowAnswer>;
  readonly missed: number;
  readonly problems: readonly string[];
  readonly isPaused: boolean;
  readonly trouble: string | undefined;
}

/** The flows, as they happen; the filter stands in the address bar. The log is on while somebody looks. */
class Flows extends Component<{ readonly place: PlaceInPage }, FlowsState> {
  override state: FlowsState = { flows: new Map(), missed: 0, problems: [], isPaused: false, trouble: undefined };
  #stop: () => void = () => {};

  override componentDidMount(): void {
    this.#stop = listen<FlowsAnswer>('flows', {
      heard: (answer) => this.#heard(answer),
      trouble: (trouble) => this.setState({ trouble }),
    });
  }

  override componentWillUnmount(): void {
    this.#stop();
  }

  override render(): ComponentChild {
    const { place } = this.props;
    const { flows, missed, problems, isPaused, trouble } = this.state;
    const found = [...flows.values()].filter(flowMatching(place.query)).sort((a, b) => b.last - a.last);
    return [
      trouble !== undefined && notice('warn', trouble),
      problems.map((problem) => notice('warn', problem)),
      flowFilters(
        place,
        h(
          'button',
          { type: 'button', 'aria-pressed': isPaused, onClick: () => this.setState({ isPaused: !isPaused }) },
          'Pause',
        ),
      ),
      missed > 0 && h('p', { class: 'quiet' }, `${count(missed)} more came too fast to be told.`),
      flowTable(found.slice(0, SHOWN)),
    ];
  }

  #heard({ flows, missed, problems }: FlowsAnswer): void {
    const before = this.state;
    if (before.isPaused) return;
    const all = new Map(before.flows);
    for (const flow of flows) all.set(flow.number, flow);
    const [most] = [...all.keys()].sort((a, b) => b - a);
    for (const number of all.keys()) if (number <= (most ?? 0) - KEPT) all.delete(number);
    this.setState({ flows: all, missed: before.missed + missed, problems });
  }
}

const FLOW_FILTERS: LiveFilters = {
  words: { label: 'Pod, address, port, policy …', hint: 'default/web tcp' },
  kind: {
    label: 'Verdict',
    id: 'verdict',
    options: [
      ['', 'both'],
      ['FORWARDED', 'forwarded'],
      ['DENIED', 'denied'],
    ],
  },
};

export function flowFilters(place: PlaceInPage, ...beside: readonly ComponentChild[]): ComponentChild {
  return liveFilters(place, FLOW_FILTERS, ...beside);
}

/** Whether a flow has all the words, in whatever is shown of it. */
export function flowMatching(query: URLSearchParams): (flow: FlowAnswer) => boolean {
  const isAsked = isAskedFor(query, FLOW_FILTERS);
  return (flow) =>
    isAsked(flow.verdict, `${end(flow.source)} ${end(flow.destination)} ${flow.protocol} ${decidedBy(flow)}`);
}

/** With `more` before the columns that every flow has. */
export function flowTable<Flow extends FlowAnswer>(
  flows: readonly Flow[],
  more: readonly Column<Flow>[] = [],
): ComponentChild {
  return table<Flow>(
    'Flows',
    [
      ...more,
      { title: 'Time', cell: ({ last }) => new Date(last).toISOString().slice(11, 23) },
      { title: 'From', cell: ({ source }) => end(source), kind: 'code' },
      { title: 'To', cell: ({ destination }) => end(destination), kind: 'code' },
      { title: 'What', cell: ({ protocol }) => protocol },
      { title: 'Verdict', cell: ({ verdict }) => pill(verdict === 'DENIED' ? 'bad' : 'ok', verdict.toLowerCase()) },
      { title: 'Packets', cell: (flow) => `${count(flow.packets)} / ${count(flow.answeredPackets)}`, kind: 'number' },
      { title: 'Decided by', cell: decidedBy },
    ],
    flows,
    'None yet. Each is shown as it begins, and once more when its connections have ended.',
  );
}

function decidedBy({ decisions }: FlowAnswer): string {
  return decisions.map((one) => one.decidedBy).join('; ');
}

function end({ address, name, port }: FlowAnswer['source']): string {
  const bare = port !== undefined && address.includes(':') ? `[${address}]` : address;
  const at = port === undefined ? bare : `${bare}:${port}`;
  return name === undefined ? at : `${name} (${at})`;
}

export function flows(place: PlaceInPage): ComponentChild {
  return h(Flows, { place });
}
