import type { ComponentChild } from 'preact';
import type { LedgerAnswer } from '../../control/answers.ts';
import { wallTime } from './clock.ts';
import { loaded } from './loaded.ts';
import { field, notice, section, table } from './pieces.ts';
import { changed, type PlaceInPage, replace } from './place.ts';

type Entry = LedgerAnswer['entries'][0];

/** The holders of an address, and the one of a moment, which stands in the address bar. */
export function ledger(place: PlaceInPage, address: string): ComponentChild {
  const at = place.query.get('at') ?? '';
  return section(
    'Who had it',
    field({
      label: 'At (UTC, as 2026-11-30 14:03, or the time of today)',
      id: 'at',
      value: at,
      hint: '14:03',
      onValue: (value) => replace(changed(place, { at: value })),
    }),
    loaded<LedgerAnswer>({
      question: 'ledger',
      fields: { address },
      every: 15_000,
      show: ({ entries }) => [at !== '' && then(entries, momentOf(at)), told(entries)],
    }),
  );
}

function then(entries: readonly Entry[], at: number | undefined): ComponentChild {
  if (at === undefined) return notice('warn', 'That is no time: write 14:03, or 2026-11-30 14:03.');
  const last = holderAt(entries, at);
  const when = new Date(at).toISOString().slice(0, 19);
  if (last === undefined) return notice('off', `The ledger knows of nobody at ${when}.`);
  return notice('ok', `At ${when} it was ${ownerOf(last)}’s, since ${timeText(last.time)}.`);
}

/** The holder at a moment, in milliseconds since 1970; undefined where none is known. */
export function holderAt(entries: readonly Entry[], at: number): Entry | undefined {
  const last = entries.filter(({ time }) => time <= at).at(-1);
  return last?.event === 'assigned' ? last : undefined;
}

/** `14:03` is of today; undefined: no time. */
export function momentOf(text: string): number | undefined {
  const today = new Date(wallTime()).toISOString().slice(0, 10);
  const [, day = today, time] = /^(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d:\d\d(?::\d\d)?)Z?$/.exec(text.trim()) ?? [];
  const at = time === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`);
  return Number.isNaN(at) ? undefined : at;
}

function told(entries: readonly Entry[]): ComponentChild {
  return table<Entry>(
    'Ledger of the address',
    [
      { title: 'Time (UTC)', cell: ({ time }) => timeText(time) },
      { title: 'What', cell: ({ event }) => event },
      { title: 'Whose', cell: ownerOf },
      { title: 'Handle', cell: ({ handleId }) => handleId ?? '', kind: 'code' },
    ],
    [...entries].reverse(),
    'The ledger knows nothing of it.',
  );
}

function ownerOf({ attributes = {}, handleId }: Entry): string {
  const { namespace, pod } = attributes;
  return pod === undefined ? (handleId ?? 'nobody') : `${namespace ?? 'default'}/${pod}`;
}

function timeText(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
