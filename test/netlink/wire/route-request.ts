import { addressBytes, ParseError, tryParsePrefix } from '../../../src/base/index.ts';
import type { Route } from '../../../src/netlink/objects.ts';
import { encodeRouteTemplate, ROUTE_ADDRESS_AT, ROUTE_LENGTH_AT } from '../../../src/netlink/wire/route.ts';

/** One whole request, as the hot path makes it from a template. */
export function encodeRoute(verb: number, route: Route): Uint8Array {
  const destination = tryParsePrefix(route.destination);
  if (destination?.family !== route.family) {
    throw new ParseError('destination', route.destination, `expected an IPv${route.family} CIDR`);
  }
  const message = encodeRouteTemplate(verb, route.family, route);
  message[ROUTE_LENGTH_AT] = destination.length;
  message.set(addressBytes({ family: destination.family, value: destination.value }), ROUTE_ADDRESS_AT);
  return message;
}
