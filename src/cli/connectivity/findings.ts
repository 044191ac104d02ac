import { type FailureFacts, nameOf } from './failure.ts';
import type { ConnectivityCheck, ConnectivityCheckKind } from './plan.ts';
import type { ProbeOutcome } from './probe.ts';
import { reasonFor } from './reasons.ts';
import type { TestPod, TestTarget } from './stage.ts';

/** The report of a check. */
export interface ConnectivityFinding {
  readonly check: ConnectivityCheckKind | 'pod-starts';
  readonly result: 'ok' | 'failure' | 'skipped';
  readonly from: string;
  readonly to: string;
  /** The attempt, and its outcome. */
  readonly detail: string;
  readonly reason?: string | undefined;
  readonly next?: string | undefined;
}

/** Failures whose reasons are asked for: many have the same one. */
const MOST_REASONS = 40;

/** Judges every check; nodes are asked about those that failed. */
export async function findings(
  checks: readonly ConnectivityCheck[],
  outcomes: ReadonlyMap<number, ProbeOutcome>,
  factsOf: (check: ConnectivityCheck) => Promise<FailureFacts>,
): Promise<readonly ConnectivityFinding[]> {
  const isGood = (check: ConnectivityCheck): boolean => isAsWanted(check, outcomes.get(check.id));
  const cut = cutWays(checks, isGood);
  const codes = codesOf(checks, outcomes);
  const found: ConnectivityFinding[] = [];
  let explained = 0;
  for (const check of checks) {
    const outcome = outcomes.get(check.id);
    const told = {
      check: check.kind,
      from: endName(check.from),
      to: endName(check.to),
      detail: detailOf(check, outcome),
    };
    if (!check.kind.startsWith('pod-') && cut.has(wayOf(check))) {
      found.push({ ...told, result: 'skipped', reason: 'pods do not reach each other on this way at all' });
    } else if (isGood(check)) found.push({ ...told, result: 'ok' });
    else if (++explained > MOST_REASONS) {
      const more = { reason: 'not looked into: there are many failures', next: 'mend those above first' };
      found.push({ ...told, result: 'failure', ...more });
    } else {
      const heard = outcome && { ...outcome, code: outcome.code ?? codes.get(wayOf(check)) };
      found.push({ ...told, result: 'failure', ...reasonFor(check, heard, await factsOf(check)) });
    }
  }
  return found;
}

/** The error codes of routers on each path: TCP does not hear all of them. */
function codesOf(
  checks: readonly ConnectivityCheck[],
  outcomes: ReadonlyMap<number, ProbeOutcome>,
): ReadonlyMap<string, string> {
  return new Map(
    checks.flatMap((check) => {
      const { code } = outcomes.get(check.id) ?? {};
      return code === undefined ? [] : [[wayOf(check), code] as const];
    }),
  );
}

/** From one node to another, in one family: what is behind it can't be judged where plain packets do not pass. */
function cutWays(
  checks: readonly ConnectivityCheck[],
  isGood: (check: ConnectivityCheck) => boolean,
): ReadonlySet<string> {
  const plain = checks.filter(({ kind }) => kind.startsWith('pod-'));
  const open = new Set(plain.filter(isGood).map(wayOf));
  return new Set(plain.map(wayOf).filter((way) => !open.has(way)));
}

function wayOf({ from, to, probe }: ConnectivityCheck): string {
  const family = probe.host.includes(':') ? 6 : 4;
  return 'role' in to ? `${from.node} ${to.node} ${family}` : `${from.node} ${to.kind} ${probe.host}`;
}

function isAsWanted(check: ConnectivityCheck, outcome: ProbeOutcome | undefined): boolean {
  if (outcome === undefined) return false;
  const { result, by, mtu } = outcome;
  if (!check.wantsAnswer) return result !== 'answered';
  if (check.kind === 'mtu') return mtu !== undefined && mtu.largest >= mtu.own;
  const isTold = 'role' in check.to && check.to.role === 'told';
  if (result === 'refused' && isTold) return true;
  if (result !== 'answered') return false;
  return check.probe.kind === 'tcp' || check.probe.kind === 'udp' ? isBy(check.to, by) : true;
}

/** Behind a service any server may answer. */
function isBy(to: TestPod | TestTarget, by: string | undefined): boolean {
  return 'role' in to ? by === to.name : by !== undefined;
}

function endName(end: TestPod | TestTarget): string {
  return 'role' in end ? `${nameOf(end)} (${end.node})` : end.name;
}

function detailOf({ probe, wantsAnswer }: ConnectivityCheck, outcome: ProbeOutcome | undefined): string {
  const { kind, host, port, resolver } = probe;
  const asked =
    kind === 'dns'
      ? `${host}${resolver === undefined ? '' : ` of ${resolver}`}`
      : `${kind === 'mtu' ? 'udp with DF' : kind === 'connect' ? 'tcp' : kind} to ${textOf(host, port)}`;
  const expected = wantsAnswer ? '' : ', which is denied';
  return `${asked}${expected}: ${saidOf(outcome)}`;
}

function saidOf(outcome: ProbeOutcome | undefined): string {
  if (outcome === undefined) return 'not tried';
  const { result, code, took, mtu } = outcome;
  if (mtu !== undefined && result === 'answered') return `${mtu.largest} of ${mtu.own} octets pass`;
  if (result === 'answered') return `answered in ${took} ms`;
  return result === 'error' ? `${code}` : result === 'silence' ? 'no answer' : 'refused';
}

function textOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
