import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { duration, selector } from './field.ts';

/** Packets are timed in microseconds by 32 bits (RFC 5880 §4.1). */
const MOST_MICROSECONDS = 2 ** 32 - 1;
const MICROSECONDS: Readonly<Record<string, number>> = { ns: 0.001, us: 1, µs: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 };

const interval = duration.refine((text) => {
  const microseconds = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * MICROSECONDS[unit],
    0,
  );
  return !text.startsWith('-') && microseconds >= 1 && microseconds <= MOST_MICROSECONDS;
}, 'must be between 1us and 1h11m34s');

const bfdInterface = z.looseObject({
  /** A name, the beginning of names (`eth*`), or `*` for all. */
  matchPattern: z
    .string()
    .regex(/^([a-zA-Z0-9_.-]{1,15}|[a-zA-Z0-9_.-]{0,14}\*)$/, 'must be the name of an interface, eth* or *'),
  minimumRecvInterval: interval.optional(),
  minimumSendInterval: interval.optional(),
  idleSendInterval: interval.optional(),
  multiplier: z.number().int().min(1).max(255).optional(),
});

/** How neighbours are watched, per interface: Calico Enterprise's kind, under its names. */
export const bfdConfiguration = defineKind({
  kind: 'BFDConfiguration',
  plural: 'bfdconfigurations',
  aliases: ['bfdconfiguration', 'bfdconfigurations', 'bfdconfig', 'bfdconfigs'],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({ nodeSelector: selector.optional(), interfaces: z.array(bfdInterface).optional() }),
  essential: ['nodeSelector'],
});

export type BFDConfigurationSpec = SpecOf<typeof bfdConfiguration>;
export type BFDConfiguration = Resource<'BFDConfiguration', BFDConfigurationSpec>;
