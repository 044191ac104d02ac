/** What the runtime gives the plugin, and where the answer goes. */
export interface CniIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
  readonly stdout: (text: string) => void;
}
