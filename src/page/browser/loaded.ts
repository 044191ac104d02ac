import { Component, type ComponentChild, type ComponentType, h } from 'preact';
import { ask } from './ask.ts';
import { each } from './clock.ts';
import { notice } from './pieces.ts';

interface LoadedProps {
  readonly question: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly show: (answer: unknown) => ComponentChild;
}

interface LoadedState {
  readonly answer?: unknown;
  readonly problem?: string | undefined;
}

class Loaded extends Component<LoadedProps, LoadedState> {
  #stop: () => void = () => {};
  #number = 0;

  override componentDidMount(): void {
    this.#load();
    this.#stop = each(this.props.every, () => this.#load());
  }

  override componentDidUpdate({ question, fields }: LoadedProps): void {
    if (question !== this.props.question || !sameFields(fields, this.props.fields)) this.#load();
  }

  override componentWillUnmount(): void {
    this.#stop();
    this.#number = -1;
  }

  override render(): ComponentChild {
    const { answer, problem } = this.state;
    return [
      problem === undefined ? null : notice('bad', problem),
      answer === undefined ? problem === undefined && h('p', { class: 'quiet' }, 'Asking …') : this.props.show(answer),
    ];
  }

  /** Of answers that overtake each other the last question's counts. */
  #load(): void {
    const number = ++this.#number;
    ask(this.props.question, this.props.fields).then(
      (answer) => number === this.#number && this.setState({ answer, problem: undefined }),
      (error) => number === this.#number && this.setState({ problem: error.message }),
    );
  }
}

function sameFields(a: LoadedProps['fields'], b: LoadedProps['fields']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A view of an answer that is asked for again and again; the one before stays while a new one is waited for. */
export function loaded<T>(given: {
  readonly question: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly every?: number;
  readonly show: (answer: T) => ComponentChild;
}): ComponentChild {
  const { question, fields = {}, every = 5000, show } = given;
  return h(Loaded as ComponentType<LoadedProps>, {
    key: question,
    ...{ question, fields, every, show: show as LoadedProps['show'] },
  });
}
