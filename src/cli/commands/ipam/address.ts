import { formatAddress, tryParseAddress } from '../../../base/index.ts';
import { UnreadableArgument } from '../../errors.ts';

/** The address of an `--ip`, in its canonical text. */
export function addressOf(text: string): string {
  const at = tryParseAddress(text);
  if (at === undefined) throw new UnreadableArgument(`invalid IP address specified: ${text}`);
  return formatAddress(at);
}
