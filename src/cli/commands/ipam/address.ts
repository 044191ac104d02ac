import { formatAddress, tryParseAddress } from '../../../base/index.ts';
import { CommandError } from '../../errors.ts';

/** The address of an `--ip`, in its canonical text. */
export function addressOf(text: string): string {
  const at = tryParseAddress(text);
  if (at === undefined) throw new CommandError(`invalid IP address specified: ${text}`);
  return formatAddress(at);
}
