import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../../base/index.ts';
import type { ConnectivityProbe, ProbeOutcome } from '../probe.ts';
import { knownMtu, sendWhole } from './udp-options.ts';

/** Octets of the headers before a datagram's own. */
const HEADERS = { 4: 28, 6: 48 } as const;
/** The octets that every path must carry (RFC 791, RFC 8200). */
const LEAST = { 4: 576, 6: 1280 } as const;
/** A datagram is sent so often before it counts as too large, each time with so many milliseconds for the answer. */
const TRIES = 3;
const WAIT = 300;
/** Within one computer nothing larger is asked for. */
const MOST = 9000;

/** The largest datagram with DF that gets there: that of the pod's own interface, or what a search finds below. */
export async function askMtu({ host, port }: ConnectivityProbe, clock: Clock): Promise<Omit<ProbeOutcome, 'id'>> {
  const family = host.includes(':') ? 6 : 4;
  const socket = createSocket(`udp${family}`);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, host, (error?: Error) => (error === undefined ? resolve() : reject(error)));
    });
    // Refusals and the kernel's word about sizes come as errors of the socket; the answers are what counts.
    socket.removeAllListeners('error').on('error', () => {});
    if (!sendWhole(socket, family)) return { result: 'error', code: 'the kernel has no IP_PMTUDISC_PROBE' };
    const own = Math.min(knownMtu(socket, family) ?? 1500, MOST);
    const passes = (size: number): Promise<boolean> => getsThere(socket, size - HEADERS[family], clock);
    if (await passes(own)) return { result: 'answered', mtu: { own, largest: own } };
    if (!(await passes(LEAST[family]))) return { result: 'silence', mtu: { own, largest: 0 } };
    const told = knownMtu(socket, family);
    const largest = await largestBetween(LEAST[family], own, passes);
    return { result: 'answered', mtu: { own, largest, ...(told !== undefined && told < own && { told }) } };
  } catch (error) {
    return { result: 'error', code: (error as NodeJS.ErrnoException).code ?? String(error) };
  } finally {
    socket.close();
  }
}

/** `good` gets there, `bad` does not. */
async function largestBetween(good: number, bad: number, passes: (size: number) => Promise<boolean>): Promise<number> {
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await passes(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

async function getsThere(socket: Socket, octets: number, clock: Clock): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) if (await isAnswered(socket, octets, clock)) return true;
  return false;
}

function isAnswered(socket: Socket, octets: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const heard = (data: Buffer): void => {
      if (data.toString('utf8').endsWith(` ${octets}`)) end(true);
    };
    const end = (isThere: boolean): void => {
      cancel();
      socket.off('message', heard);
      resolve(isThere);
    };
    const cancel = clock.after(WAIT, () => end(false));
    socket.on('message', heard);
    // A size that the kernel refuses at once, such as one reported as too large, may pass at the next attempt.
    socket.send(Buffer.alloc(octets), () => {});
  });
}
