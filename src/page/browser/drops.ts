import { Component, type ComponentChild, h } from 'preact';
import type { CountedDrop, DroppedAnswer, DroppedPacket } from '../../control/answers.ts';
import { listen } from './ask.ts';
import { isAskedFor, type LiveFilters, liveFilters } from './live-filters.ts';
import { loaded } from './loaded.ts';
import { type Column, count, notice, section, table } from './pieces.ts';
import type { PlaceInPage } from './place.ts';

/** Packets that are remembered, and shown. */
const [KEPT, SHOWN] = [1000, 200];

interface DropsState {
  /** The newest first. */
  readonly packets: readonly DroppedPacket[];
  readonly missed: number;
  readonly isPaused: boolean;
  readonly trouble: string | undefined;
}

/** Packets that policy drops, as they are dropped; what is looked for stands in the address bar. */
class Drops extends Component<{ readonly place: PlaceInPage }, DropsState> {
  override state: DropsState = { packets: [], missed: 0, isPaused: false, trouble: undefined };
  #stop: () => void = () => {};

  override componentDidMount(): void {
    this.#stop = listen<DroppedAnswer>('drops', {
      heard: (answer) => this.#heard(answer),
      trouble: (trouble) => this.setState({ trouble }),
    });
  }

  override componentWillUnmount(): void {
    this.#stop();
  }

  override render(): ComponentChild {
    const { place } = this.props;
    const { packets, missed, isPaused, trouble } = this.state;
    const found = packets.filter(matching(place.query));
    return [
      trouble !== undefined && notice('warn', trouble),
      packetFilters(
        place,
        h(
          'button',
          { type: 'button', 'aria-pressed': isPaused, onClick: () => this.setState({ isPaused: !isPaused }) },
          'Pause',
        ),
      ),
      missed !== 0 &&
        h('p', { class: 'quiet' }, `${missed < 0 ? 'Some' : count(missed)} more came too fast to be told.`),
      packetTable(found.slice(0, SHOWN)),
    ];
  }

  #heard({ packets, missed }: DroppedAnswer): void {
    const before = this.state;
    if (before.isPaused) return;
    this.setState({
      packets: [...[...packets].reverse(), ...before.packets].slice(0, KEPT),
      missed: missed < 0 || before.missed < 0 ? -1 : before.missed + missed,
    });
  }
}

const PACKET_FILTERS: LiveFilters = {
  words: { label: 'Pod, address, policy …', hint: 'default/web' },
  kind: {
    label: 'Direction',
    id: 'direction',
    options: [
      ['', 'both'],
      ['ingress', 'ingress'],
      ['egress', 'egress'],
    ],
  },
};

export function packetFilters(place: PlaceInPage, ...beside: readonly ComponentChild[]): ComponentChild {
  return liveFilters(place, PACKET_FILTERS, ...beside);
}

/** Whether a packet has all the words, in whatever is shown of it. */
export function matching(query: URLSearchParams): (packet: DroppedPacket) => boolean {
  const isAsked = isAskedFor(query, PACKET_FILTERS);
  return (packet) =>
    isAsked(packet.direction, `${end(packet.source)} ${end(packet.destination)} ${packet.protocol} ${packet.why}`);
}

/** With `more` before the columns that every packet has. */
export function packetTable<Packet extends DroppedPacket>(
  packets: readonly Packet[],
  more: readonly Column<Packet>[] = [],
): ComponentChild {
  return table<Packet>(
    'Dropped packets',
    [
      ...more,
      { title: 'Time', cell: ({ at }) => new Date(at).toISOString().slice(11, 23) },
      { title: 'From', cell: ({ source }) => end(source), kind: 'code' },
      { title: 'To', cell: ({ destination }) => end(destination), kind: 'code' },
      {
        title: 'What',
        cell: ({ protocol, icmp }) => (icmp ? `${protocol} type ${icmp.type} code ${icmp.code}` : protocol),
      },
      { title: 'Dropped by', cell: ({ why }) => why },
    ],
    packets,
    'None yet. Each is shown as it is dropped, of each rule a few in a second.',
  );
}

function end({ address, name, port }: DroppedPacket['source']): string {
  const bare = port !== undefined && address.includes(':') ? `[${address}]` : address;
  const at = port === undefined ? bare : `${bare}:${port}`;
  return name === undefined ? at : `${name} (${at})`;
}

export function drops(place: PlaceInPage): ComponentChild {
  return h(
    'div',
    null,
    section('Dropped now', h(Drops, { place })),
    section(
      'Dropped so far',
      loaded<readonly CountedDrop[]>({
        question: 'drops.counted',
        show: (all) => countedTable(all.filter(({ packets }) => packets > 0)),
      }),
    ),
  );
}

function countedTable(all: readonly CountedDrop[]): ComponentChild {
  return table<CountedDrop>(
    'Drops by reason',
    [
      { title: 'Packets', cell: ({ packets }) => count(packets), kind: 'number' },
      { title: 'Octets', cell: ({ bytes }) => count(bytes), kind: 'number' },
      { title: 'Family', cell: ({ family }) => `IPv${family}` },
      { title: 'Dropped by', cell: ({ why }) => why },
    ],
    all,
    'Nothing has been dropped.',
  );
}
