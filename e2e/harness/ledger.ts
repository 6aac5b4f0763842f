import { readFile } from 'node:fs/promises';

/** Shell that writes down, outside the system under test, that an attempt's program began. */
export const ledgerPrologue = 'echo "$JOB_ORCHESTRATOR_JOB_ID $JOB_ORCHESTRATOR_ATTEMPT" >> "$LEDGER"';

/** `jobId attempt` → how often a program was started under that name. */
export const readLedger = async (path: string): Promise<ReadonlyMap<string, number>> => {
  const starts = new Map<string, number>();
  const text = await readFile(path, 'utf8').catch(() => '');
  for (const line of text.split('\n').filter((entry) => entry !== ''))
    starts.set(line, (starts.get(line) ?? 0) + 1);
  return starts;
};
