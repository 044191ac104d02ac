import * as z from 'zod';

const entry = z.object({
  /** Milliseconds since 1970. */
  time: z.number(),
  event: z.enum(['assigned', 'released']),
  address: z.string(),
  handleId: z.string().optional(),
  attributes: z.record(z.string(), z.string()).optional(),
});

/** What a node's ledger says of one address, the oldest first; of very many the last. */
export const ledgerSchema = z.object({ entries: z.array(entry) });
export type LedgerAnswer = z.infer<typeof ledgerSchema>;
