import {
  failure,
  type AttemptId,
  type ClosedAttemptState,
  type LogTail,
  type OutputResult,
} from '@job-orchestrator/types';
import type { ExitReport, Failure, IncarnationId, TerminalJobState } from '@job-orchestrator/types';
import { bytesArray, jsonText, msArray, plainArray, sparse, textArray } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';
import type { FencedAnswer } from './fence.ts';

/** An attempt that ends its job. */
export interface Ending {
  readonly attemptId: AttemptId;
  readonly state: TerminalJobState;
  readonly attemptState: ClosedAttemptState;
  readonly exit: ExitReport | null;
  readonly failure: Failure | null;
  readonly output: OutputResult | null;
  readonly log: LogTail | null;
  readonly reason: string;
}

/** A job whose cancel was accepted ends cancelled, whatever its program did meanwhile. */
const cancelledFailure = JSON.stringify(failure('cancelled', 'cancelled as asked'));

const statement: Statement = {
  name: 'end_attempts',
  text: `select applied::text[] as applied, freed from end_attempts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
};

/** Ends jobs with their attempts, each in the state that its ending names, or cancelled where that was asked. */
export const endAttempts = async (
  sql: Sql,
  owner: IncarnationId,
  endings: readonly Ending[],
): Promise<FencedAnswer> => {
  const each = <T>(pick: (ending: Ending) => T): T[] => endings.map(pick);
  const rows = await sql.run<FencedAnswer & Record<string, unknown>>(statement, [
    owner,
    plainArray(each(({ attemptId }) => attemptId)),
    plainArray(each(({ state }) => state)),
    plainArray(each(({ attemptState }) => attemptState)),
    sparse(
      plainArray,
      each(({ exit }) => exit?.exitCode ?? null),
    ),
    sparse(
      msArray,
      each(({ exit }) => exit?.startedAt ?? null),
    ),
    sparse(
      msArray,
      each(({ exit }) => exit?.finishedAt ?? null),
    ),
    sparse(
      textArray,
      each(({ exit }) => exit?.node ?? null),
    ),
    sparse(
      textArray,
      each(({ exit }) => exit?.imageDigest ?? null),
    ),
    sparse(
      textArray,
      each(({ failure: why }) => jsonText(why)),
    ),
    sparse(
      plainArray,
      each(({ log }) => log?.totalBytes ?? null),
    ),
    sparse(
      bytesArray,
      each(({ log }) => log?.bytes ?? null),
    ),
    textArray(each(({ reason }) => reason)),
    sparse(
      textArray,
      each(({ output }) => output?.text ?? null),
    ),
    sparse(
      plainArray,
      each(({ output }) => output?.bytes ?? null),
    ),
    sparse(
      textArray,
      each(({ output }) => output?.digest ?? null),
    ),
    cancelledFailure,
  ]);
  return onlyRow(rows);
};
