/** The plugin as one program of its own, by QuickJS: `deploy/plugin` compiles this. */
import './globals.ts';
import * as native from 'qjs:host';
import * as os from 'qjs:os';
import * as std from 'qjs:std';
import { runCni } from '../plugin.ts';

const ANY_LENGTH = 2 ** 30;

/** A terminal is nobody's configuration. */
function readStdin(): string {
  const [status] = os.stat('/dev/stdin');
  if (status !== null && (status.mode & os.S_IFMT) === os.S_IFCHR) return '';
  const text = native.read(0, false, ANY_LENGTH);
  return typeof text === 'string' ? text : '';
}

const io = { env: std.getenviron(), stdin: readStdin(), stdout: (text: string) => void native.write(1, text) };
runCni(io).then(std.exit, () => std.exit(1));
