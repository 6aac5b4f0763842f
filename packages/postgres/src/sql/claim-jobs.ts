import type { JobSpec } from '@job-orchestrator/types';
import { dateArray, plainArray, textArrayOrNull } from '../connection/literals.ts';
import type { Sql, Statement } from '../connection/sql.ts';
import type { LiveRow } from './live-rows.ts';
import { fromStoredSpec, type StoredSpec } from './stored-spec.ts';

/** How far the claims of a topic have come: everything before it was claimed already. */
export interface Mark {
  readonly rank: number;
  readonly runAt: Date;
  readonly id: string;
}

/** The mark before all jobs of a topic: no priority is that high. */
export const beginning: Mark = {
  rank: -32_768,
  runAt: new Date(0),
  id: '00000000-0000-0000-0000-000000000000',
};

/** Where a scan of one topic begins: behind the mark, and before `untilRank`. */
export interface Segment extends Mark {
  readonly topicId: number;
  readonly untilRank: number;
}

export interface ClaimRequest {
  readonly owner: string;
  readonly runtimeKey: string;
  readonly topics: readonly string[] | null;
  readonly limit: number;
}

export interface ClaimArguments extends ClaimRequest {
  /** Empty: every topic is scanned from its beginning. */
  readonly segments: readonly Segment[];
}

export interface ClaimedRow extends Omit<LiveRow, 'spec'> {
  readonly spec: JobSpec;
  readonly topicId: number;
  readonly rank: number;
  readonly runAt: Date;
  /** True when the job's topic is limited and has slots left after this claim; null: it is not limited. */
  readonly slotsLeft: boolean | null;
}

const statement: Statement = {
  name: 'claim_jobs',
  text: `
select id, job_id as "jobId", number, project, topic, claimed_at as "claimedAt", used_user as "usedUser", used_infrastructure as "usedInfrastructure",
  used_output as "usedOutput", used_unknown as "usedUnknown", used_out_of_memory as "usedOutOfMemory", spec::text as spec,
  topic_id as "topicId", rank, run_at as "runAt", slots_left as "slotsLeft"
from claim_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};

const byTurn = (a: ClaimedRow, b: ClaimedRow): number =>
  a.rank - b.rank || +a.runAt - +b.runAt || (a.jobId < b.jobId ? -1 : 1);

/** A claimed row as it is read: its spec is text still. */
export type RawClaim = Omit<ClaimedRow, 'spec'> & { readonly spec: string } & Record<string, unknown>;

/** Jobs of one claim often have the same spec; reading it once for all saves 4 % of a claim in a batch. */
const createSpecReader = (): ((text: string) => JobSpec) => {
  const known = new Map<string, JobSpec>();
  return (text) => {
    const spec = known.get(text) ?? fromStoredSpec(JSON.parse(text) as StoredSpec);
    known.set(text, spec);
    return spec;
  };
};

/** What a claim gave, in the order of claims. */
export const claimedRows = (
  rows: readonly RawClaim[],
  { owner, runtimeKey }: ClaimRequest,
): readonly ClaimedRow[] => {
  const read = createSpecReader();
  return rows
    .map((row) =>
      Object.assign(row, { owner, runtimeKey, state: 'launching' as const, spec: read(row.spec) }),
    )
    .toSorted(byTurn);
};

/** Claims due jobs, each with a new attempt, at most 1,024 of a topic. No live lease: nothing. */
export const claimJobs = async (sql: Sql, request: ClaimArguments): Promise<readonly ClaimedRow[]> => {
  const { segments, owner, runtimeKey } = request;
  const rows = await sql.run<RawClaim>(statement, [
    owner,
    runtimeKey,
    textArrayOrNull(request.topics),
    request.limit,
    plainArray(segments.map(({ topicId }) => topicId)),
    plainArray(segments.map(({ rank }) => rank)),
    dateArray(segments.map(({ runAt }) => runAt)),
    plainArray(segments.map(({ id }) => id)),
    plainArray(segments.map(({ untilRank }) => untilRank)),
  ]);
  return claimedRows(rows, request);
};
