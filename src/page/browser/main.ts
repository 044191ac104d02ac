import { Component, type ComponentChild, h, render } from 'preact';
import type { StatusAnswer } from '../../control/answers.ts';
import type { NodesAnswer } from '../of-all-nodes.ts';
import { addresses } from './addresses.ts';
import { ask, listen } from './ask.ts';
import { each } from './clock.ts';
import { clusterNodes, clusterSearch, clusterSessions } from './cluster.ts';
import { clusterDrops, clusterFlows } from './cluster-traffic.ts';
import { drops } from './drops.ts';
import { flows } from './flows.ts';
import { overview } from './overview.ts';
import { healthShade, notice, pill } from './pieces.ts';
import { hashOf, type PlaceInPage, placeOf } from './place.ts';
import { policies } from './policies.ts';
import { routes } from './routes.ts';
import { search } from './search.ts';
import { sessions } from './sessions.ts';
import { timeline } from './timeline.ts';

interface View {
  readonly title: string;
  readonly show: (state: PageState) => ComponentChild;
}

type Views = Readonly<Record<string, View>>;

const OF_A_NODE: Views = {
  overview: { title: 'Overview', show: ({ status }) => (status === undefined ? 'Asking …' : overview(status)) },
  sessions: { title: 'Sessions', show: ({ place }) => sessions(place) },
  addresses: { title: 'Addresses', show: ({ place, status }) => addresses(place, status?.nodename) },
  routes: { title: 'Routes', show: ({ place }) => routes(place) },
  search: { title: 'Looking glass', show: ({ place }) => search(place) },
  flows: { title: 'Flows', show: ({ place }) => flows(place) },
  drops: { title: 'Denied', show: ({ place }) => drops(place) },
  policies: { title: 'Policies', show: ({ place }) => policies(place) },
  timeline: { title: 'Timeline', show: ({ place }) => timeline(place, false) },
};
const OF_THE_CLUSTER: Views = {
  overview: { title: 'Nodes', show: ({ place, nodes }) => clusterNodes(place, nodes) },
  sessions: { title: 'Sessions', show: ({ place, nodes }) => clusterSessions(place, nodes) },
  addresses: { title: 'Addresses', show: ({ place }) => addresses(place, undefined) },
  search: { title: 'Looking glass', show: ({ place }) => clusterSearch(place) },
  flows: { title: 'Flows', show: ({ place }) => clusterFlows(place) },
  drops: { title: 'Denied', show: ({ place }) => clusterDrops(place) },
  timeline: { title: 'Timeline', show: ({ place }) => timeline(place, true) },
};
const FIRST = 'overview';

/** Milliseconds between two looks at all nodes. */
const PACE = 15_000;

interface PageState {
  readonly place: PlaceInPage;
  /** Undefined: it is not known yet whose page this is. */
  readonly views: Views | undefined;
  readonly status: StatusAnswer | undefined;
  readonly nodes: NodesAnswer | undefined;
  readonly trouble: string | undefined;
}

/** The page as a whole: where one is, how the node or the cluster is, and the view. */
class Page extends Component<object, PageState> {
  override state: PageState = {
    ...{ place: placeOf(location.hash), views: undefined },
    ...{ status: undefined, nodes: undefined, trouble: undefined },
  };

  override componentDidMount(): void {
    addEventListener('hashchange', () => this.setState({ place: placeOf(location.hash) }));
    const began = ask<{ readonly scope: string }>('page').then(({ scope }) => this.#begin(scope));
    began.catch((error) => this.setState({ trouble: error.message }));
  }

  #begin(scope: string): void {
    this.setState({ views: scope === 'cluster' ? OF_THE_CLUSTER : OF_A_NODE });
    if (scope === 'cluster') {
      this.#look();
      each(PACE, () => this.#look());
      return;
    }
    listen<StatusAnswer>('status', {
      heard: (status) => this.setState({ status }),
      trouble: (trouble) => this.setState({ trouble }),
    });
  }

  #look(): void {
    ask<NodesAnswer>('nodes').then(
      (nodes) => this.setState({ nodes, trouble: undefined }),
      (error) => this.setState({ trouble: error.message }),
    );
  }

  override componentDidUpdate(_: object, before: PageState): void {
    const { status } = this.state;
    document.title = `${status?.nodename ?? 'vRouter'}: ${viewOf(this.state)?.[1].title ?? ''}`;
    // Another view is read from its beginning, and a screen reader announces it.
    const [was, is] = [viewOf(before)?.[0], viewOf(this.state)?.[0]];
    if (was === undefined || was === is) return;
    scrollTo(0, 0);
    document.querySelector('h1')?.focus();
  }

  override render(): ComponentChild {
    const { views = {}, trouble } = this.state;
    const [name, view] = viewOf(this.state) ?? [];
    return [
      h('a', { class: 'skip', href: '#main', onClick: toMain }, 'To the content'),
      h('header', null, h('a', { class: 'brand', href: hashOf(FIRST) }, 'vRouter'), who(this.state)),
      h(
        'nav',
        { class: 'views', 'aria-label': 'Views' },
        Object.entries(views).map(([one, { title }]) =>
          h('a', { href: hashOf(one), 'aria-current': one === name ? 'page' : undefined }, title),
        ),
      ),
      h(
        'main',
        { id: 'main', key: name },
        h('h1', { tabIndex: -1 }, view?.title ?? 'vRouter'),
        trouble !== undefined && notice('warn', trouble),
        view?.show(this.state),
      ),
    ];
  }
}

/** Whose page it is, and how they are. */
function who({ status, nodes }: PageState): ComponentChild {
  if (nodes !== undefined) {
    const all = nodes.nodes;
    const ill = all.filter(({ status, isWaiting }) => !isWaiting && status?.health !== 'ok').length;
    const waiting = all.filter(({ isWaiting }) => isWaiting).length;
    return [
      h('span', { class: 'who' }, `cluster of ${all.length} ${all.length === 1 ? 'node' : 'nodes'}`),
      waiting > 0 && pill('off', `${waiting} not asked yet`),
      ill === 0 ? pill('ok', 'ok') : pill('warn', `${ill} not ok`),
    ];
  }
  return [
    h('span', { class: 'who' }, status?.nodename ?? ''),
    status?.health !== undefined && pill(healthShade(status.health), status.health),
  ];
}

function viewOf({ place: { view }, views }: PageState): readonly [string, View] | undefined {
  if (views === undefined) return undefined;
  return Object.hasOwn(views, view) ? [view, views[view]] : [FIRST, views[FIRST]];
}

/** The address bar says where one is: it is not changed for this. */
function toMain(event: Event): void {
  event.preventDefault();
  document.querySelector('h1')?.focus();
}

/** `/` goes to what there is to type in, as elsewhere. */
function onKey(event: KeyboardEvent): void {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.activeElement instanceof HTMLInputElement || document.activeElement instanceof HTMLSelectElement) return;
  event.preventDefault();
  const input = document.querySelector<HTMLInputElement>('main input');
  if (input === null) location.hash = hashOf('search');
  else input.focus();
}

addEventListener('keydown', onKey);
render(h(Page, {}), document.body);
