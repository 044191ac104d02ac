import { Client, credentials } from '@grpc/grpc-js';
import { encode, type Field, Message } from './protobuf.ts';

export interface Sandbox {
  readonly name: string;
  readonly hostPorts?: readonly { readonly hostPort: number; readonly containerPort: number }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Milliseconds; the machine may be busy. */
const PATIENCE = 60_000;
/** ContainerState of the CRI. */
const EXITED = 2;

/** The verbs of the Container Runtime Interface that kubelet uses for a pod. */
export class Cri {
  readonly #client: Client;

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.default_authority': 'localhost',
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Whether the runtime's network is ready, and why not. */
  async networkProblem(): Promise<string | undefined> {
    const conditions = (await this.#call('Status', [])).message(1).messages(1);
    const network = conditions.find((condition) => condition.text(1) === 'NetworkReady');
    return network === undefined || network.integer(2) === 1 ? undefined : network.text(4);
  }

  async hasImage(image: string): Promise<boolean> {
    return (await this.#call('ImageStatus', [[1, [[1, image]]]], 'ImageService')).message(1).text(1) !== '';
  }

  runSandbox(sandbox: Sandbox): Promise<string> {
    return this.runSandboxOf(configOf(sandbox));
  }

  /** As `runSandbox`, from a whole PodSandboxConfig. */
  async runSandboxOf(config: readonly Field[]): Promise<string> {
    return (await this.#call('RunPodSandbox', [[1, config]])).text(1);
  }

  async addressOf(id: string): Promise<string> {
    return (await this.#call('PodSandboxStatus', [[1, id]])).message(1).message(5).text(1);
  }

  /** Starts a container of `image` in the sandbox. */
  startContainer(id: string, sandbox: Sandbox, image: string, command: readonly string[]): Promise<string> {
    const config: Field[] = [[1, [[1, 'main']]], [2, [[1, image]]], ...command.map((word): Field => [3, word])];
    return this.startContainerOf(id, config, configOf(sandbox));
  }

  /** As `startContainer`, from a whole ContainerConfig and the sandbox's PodSandboxConfig. */
  async startContainerOf(id: string, config: readonly Field[], sandbox: readonly Field[]): Promise<string> {
    const created = await this.#call('CreateContainer', [
      [1, id],
      [2, config],
      [3, sandbox],
    ]);
    await this.#call('StartContainer', [[1, created.text(1)]]);
    return created.text(1);
  }

  /** Its exit code once it has ended. */
  async exitCodeOf(container: string): Promise<number | undefined> {
    const status = (await this.#call('ContainerStatus', [[1, container]])).message(1);
    return status.integer(3) === EXITED ? status.integer(7) : undefined;
  }

  /** SIGTERM, and SIGKILL after so many seconds. */
  async stopContainer(container: string, seconds: number): Promise<void> {
    await this.#call('StopContainer', [
      [1, container],
      [2, seconds],
    ]);
  }

  async exec(container: string, command: readonly string[]): Promise<{ stdout: string; code: number }> {
    const answer = await this.#call('ExecSync', [[1, container], ...command.map((word): Field => [2, word]), [3, 20]]);
    return { stdout: answer.text(1), code: answer.integer(3) };
  }

  async stopSandbox(id: string): Promise<void> {
    await this.#call('StopPodSandbox', [[1, id]]);
  }

  async removeSandbox(id: string): Promise<void> {
    await this.#call('RemovePodSandbox', [[1, id]]);
  }

  async sandboxes(): Promise<string[]> {
    return (await this.#call('ListPodSandbox', [])).messages(1).map((sandbox) => sandbox.text(1));
  }

  #call(method: string, request: readonly Field[], service = 'RuntimeService'): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/runtime.v1.${service}/${method}`,
        encode,
        (bytes) => new Message(bytes),
        request,
        { deadline: new Date(Date.now() + PATIENCE) },
        (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
      );
    });
  }
}

function configOf({ name, hostPorts = [], annotations = {} }: Sandbox): Field[] {
  const uid = `uid-${name}`;
  return [
    [
      1,
      [
        [1, name],
        [2, uid],
        [3, 'default'],
      ],
    ],
    [2, name],
    ...hostPorts.map(
      ({ hostPort, containerPort }): Field => [
        5,
        [
          [2, containerPort],
          [3, hostPort],
        ],
      ],
    ),
    ...Object.entries(annotations).map(
      ([key, value]): Field => [
        7,
        [
          [1, key],
          [2, value],
        ],
      ],
    ),
    [8, []],
  ];
}
