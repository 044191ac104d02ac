/** The runtime's input to the plugin, and the place for the answer. */
export interface CniIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
  readonly stdout: (text: string) => void;
}
