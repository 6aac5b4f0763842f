import {
  failure,
  type AttemptId,
  type ClosedAttemptState,
  type LogTail,
  type OutputResult,
} from '@job-orchestrator/types';
import type { ExitReport, Failure, IncarnationId, TerminalJobState } from '@job-orchestrator/types';
import {
  bytesArray,
  jsonText,
  msArray,
  oneIfEqual,
  plainArray,
  sparse,
  textArray,
} from '../connection/literals.ts';
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

/** `applied` null: all. Most often that is so, and reading 500 ids back costs as much as sending them. */
interface AllOrSome {
  readonly applied: readonly string[] | null;
  readonly freed: number;
  readonly of_dags: boolean | null;
}

const statement: Statement = {
  name: 'end_attempts',
  text: `select nullif(applied, $2::uuid[])::text[] as applied, freed, of_dags from end_attempts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
};

/** What ended. `ofDags`: nodes of DAG runs are among them. */
interface EndedAnswer extends FencedAnswer {
  readonly ofDags: boolean;
}

/** Ends jobs with their attempts, each in the state that its ending names, or cancelled where that was asked. */
export const endAttempts = async (
  sql: Sql,
  owner: IncarnationId,
  endings: readonly Ending[],
): Promise<EndedAnswer> => {
  const each = <T>(pick: (ending: Ending) => T): T[] => endings.map(pick);
  const rows = await sql.run<AllOrSome & Record<string, unknown>>(statement, [
    owner,
    plainArray(each(({ attemptId }) => attemptId)),
    plainArray(oneIfEqual(each(({ state }) => state))),
    plainArray(oneIfEqual(each(({ attemptState }) => attemptState))),
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
    sparse(
      plainArray,
      each(({ log }) => (log === null || log.extent === 'exact' ? null : log.extent)),
    ),
    textArray(oneIfEqual(each(({ reason }) => reason))),
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
  const { applied, freed, of_dags: ofDags } = onlyRow(rows);
  return { applied: applied ?? each(({ attemptId }) => attemptId), freed, ofDags: ofDags === true };
};
