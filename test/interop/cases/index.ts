import type { Case } from '../case.ts';
import { bfdCases } from './bfd.ts';
import { communityCases } from './communities.ts';
import { edgeCases } from './edge.ts';
import { protectionCases } from './protection.ts';
import { restartCases } from './restart.ts';
import { routeCases } from './routes.ts';
import { sessionCases } from './session.ts';

/** The rows of the table, in order. */
export const cases: readonly Case[] = [
  ...sessionCases,
  ...routeCases,
  ...communityCases,
  ...restartCases,
  ...edgeCases,
  ...protectionCases,
  ...bfdCases,
];
