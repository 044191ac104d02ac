import { Component, type ComponentChild, h, render } from 'preact';
import type { StatusAnswer } from '../../control/answers.ts';
import { addresses } from './addresses.ts';
import { listen } from './ask.ts';
import { drops } from './drops.ts';
import { overview } from './overview.ts';
import { healthShade, notice, pill } from './pieces.ts';
import { hashOf, type PlaceInPage, placeOf } from './place.ts';
import { policies } from './policies.ts';
import { routes } from './routes.ts';
import { search } from './search.ts';
import { sessions } from './sessions.ts';

interface PageState {
  readonly place: PlaceInPage;
  readonly status: StatusAnswer | undefined;
  readonly trouble: string | undefined;
}

interface View {
  readonly title: string;
  readonly show: (state: PageState) => ComponentChild;
}

const VIEWS: Readonly<Record<string, View>> = {
  overview: { title: 'Overview', show: ({ status }) => (status === undefined ? 'Asking …' : overview(status)) },
  sessions: { title: 'Sessions', show: ({ place }) => sessions(place) },
  addresses: { title: 'Addresses', show: ({ place, status }) => addresses(place, status?.nodename) },
  routes: { title: 'Routes', show: ({ place }) => routes(place) },
  search: { title: 'Looking glass', show: ({ place }) => search(place) },
  drops: { title: 'Denied', show: ({ place }) => drops(place) },
  policies: { title: 'Policies', show: ({ place }) => policies(place) },
};
const FIRST = 'overview';

/** The page as a whole: where one is, how the node is, and the view. */
class Page extends Component<object, PageState> {
  override state: PageState = { place: placeOf(location.hash), status: undefined, trouble: undefined };

  override componentDidMount(): void {
    addEventListener('hashchange', () => this.setState({ place: placeOf(location.hash) }));
    listen<StatusAnswer>('status', {
      heard: (status) => this.setState({ status }),
      trouble: (trouble) => this.setState({ trouble }),
    });
  }

  override componentDidUpdate(_: object, before: PageState): void {
    const { status, place } = this.state;
    document.title = `${status?.nodename ?? 'vRouter'}: ${viewOf(place)[1].title}`;
    // Who goes to another view reads it from its beginning, and hears so.
    if (viewOf(before.place)[0] === viewOf(place)[0]) return;
    scrollTo(0, 0);
    document.querySelector('h1')?.focus();
  }

  override render(): ComponentChild {
    const { place, status, trouble } = this.state;
    const [name, { title, show }] = viewOf(place);
    return [
      h('a', { class: 'skip', href: '#main', onClick: toMain }, 'To the content'),
      h(
        'header',
        null,
        h('a', { class: 'brand', href: hashOf(FIRST) }, 'vRouter'),
        h('span', { class: 'who' }, status?.nodename ?? ''),
        status?.health !== undefined && pill(healthShade(status.health), status.health),
      ),
      h(
        'nav',
        { class: 'views', 'aria-label': 'Views' },
        Object.entries(VIEWS).map(([one, view]) =>
          h('a', { href: hashOf(one), 'aria-current': one === name ? 'page' : undefined }, view.title),
        ),
      ),
      h(
        'main',
        { id: 'main', key: name },
        h('h1', { tabIndex: -1 }, title),
        trouble !== undefined && notice('warn', trouble),
        show(this.state),
      ),
    ];
  }
}

function viewOf({ view }: PlaceInPage): readonly [string, View] {
  return Object.hasOwn(VIEWS, view) ? [view, VIEWS[view]] : [FIRST, VIEWS[FIRST]];
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
