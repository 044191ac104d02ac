import { createSocket } from 'node:dgram';
import { type Cancel, type Clock, sleep } from '../../../base/index.ts';
import { type Answered, type ConnectivityProbe, OPEN_PORT, type ProbeOutcome } from '../probe.ts';
import { askDns } from './ask-dns.ts';
import { askMtu } from './ask-mtu.ts';
import { askTcp, failed } from './ask-tcp.ts';
import { hearRouters } from './udp-options.ts';

/** Silent addresses about which routers are asked, and milliseconds without a packet before each. */
const HEARD = 3;
const QUIET = 3000;

/** Between two datagrams that ask the same, in milliseconds. */
const PACE = 300;
/** Probes at once. */
const AT_ONCE = 8;

/** Tries everything, a few at a time, and tells each outcome as it comes. */
export async function ask(
  probes: readonly ConnectivityProbe[],
  tell: (outcome: ProbeOutcome) => void,
  clock: Clock,
): Promise<void> {
  const waiting = [...probes].reverse();
  const silent: (readonly [ConnectivityProbe, ProbeOutcome])[] = [];
  const work = async (): Promise<void> => {
    for (let probe = waiting.pop(); probe !== undefined; probe = waiting.pop()) {
      const begin = clock.now();
      const end = begin + (probe.settles ?? 0);
      for (;;) {
        const began = clock.now();
        const answered = await askOne(probe, clock);
        // Servers of the test may be about to listen; others are as they are.
        const isOurs = probe.kind !== 'connect' && probe.kind !== 'dns';
        const isEarly = answered.result === 'refused' && isOurs && clock.now() < begin + probe.patience;
        if (isEarly || (answered.result === 'answered' && clock.now() < end)) await sleep(clock, PACE);
        else {
          const outcome = { id: probe.id, ...answered, took: Math.round(clock.now() - began) };
          if (outcome.result === 'silence' && probe.settles === undefined) silent.push([probe, outcome]);
          else tell(outcome);
          break;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const codes = await hear(
    silent.map(([probe]) => probe),
    clock,
  );
  for (const [{ host }, outcome] of silent) tell({ ...outcome, code: codes.get(host) });
}

/**
 * Hears what routers say of silent addresses. Linux tells one sender of two packets in a row that there is no way, and
 * then nothing while more come: so each address has one packet after a time of quiet.
 */
async function hear(silent: readonly ConnectivityProbe[], clock: Clock): Promise<ReadonlyMap<string, string>> {
  const codes = new Map<string, string>();
  const hosts = new Set(silent.filter(({ kind }) => kind !== 'dns').map(({ host }) => host));
  for (const host of [...hosts].slice(0, HEARD)) {
    await sleep(clock, QUIET);
    const { code } = await askTcp({ kind: 'connect', host, port: OPEN_PORT, patience: 800 }, clock);
    if (code !== undefined) codes.set(host, code);
  }
  return codes;
}

function askOne(probe: ConnectivityProbe, clock: Clock): Promise<Answered> {
  switch (probe.kind) {
    case 'tcp':
    case 'connect':
      return askTcp(probe, clock);
    case 'udp':
      return askUdp(probe, clock);
    case 'mtu':
      return askMtu(probe, clock);
    case 'dns':
      return askDns(probe, clock);
  }
}

function askUdp({ host, port, patience }: ConnectivityProbe, clock: Clock): Promise<Answered> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const end = (answered: Answered): void => {
      late();
      repeating?.();
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(answered);
    };
    const late = clock.after(patience, () => end({ result: 'silence' }));
    let repeating: Cancel | undefined;
    const send = (): void => {
      socket.send('vrouter', (error) => error && end(failed(error)));
      repeating = clock.after(PACE, send);
    };
    socket.on('message', (data) => end({ result: 'answered', by: data.toString('utf8').split(' ')[0] }));
    socket.on('error', (error) => end(failed(error)));
    socket.connect(port, host, (error?: Error) => {
      if (error !== undefined) return end(failed(error));
      hearRouters(socket, host.includes(':') ? 6 : 4);
      send();
    });
  });
}
