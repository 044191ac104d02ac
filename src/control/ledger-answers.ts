import * as z from 'zod';

const entry = z.object({
  /** Milliseconds since 1970. */
  time: z.number(),
  event: z.enum(['assigned', 'released']),
  address: z.string(),
  handleId: z.string().optional(),
  attributes: z.record(z.string(), z.string()).optional(),
});

/** The entries of a node's ledger for one address, the oldest first; of very many the last. */
export const ledgerSchema = z.object({ entries: z.array(entry) });
export type LedgerAnswer = z.infer<typeof ledgerSchema>;
