import type {
  ApprovalAnswer,
  ApprovalEnd,
  ApprovalFilter,
  ApprovalRecord,
  ApprovalSummary,
  DagRunId,
  NodeRunState,
  WriteContext,
} from '@job-orchestrator/types';
import { plainArray, textArray } from '../../connection/literals.ts';
import { onlyRow, type Sql } from '../../connection/sql.ts';

/** A question that a node asks now. */
export interface Question {
  readonly node: number;
  readonly message: string;
  readonly timeoutSeconds: number;
}

/** Stores what nodes of a run ask. A node asks once: the key refuses it a second time. */
export const insertApprovals = async (
  sql: Sql,
  run: DagRunId,
  questions: readonly Question[],
): Promise<void> => {
  const text = `
insert into dag_approvals (run_id, node, message, expires_at)
select $1, x.node, x.message, clock_timestamp() + x.seconds * interval '1 second'
from unnest($2::integer[], $3::text[], $4::integer[]) as x (node, message, seconds)`;
  await sql.run({ text }, [
    run,
    plainArray(questions.map(({ node }) => node)),
    textArray(questions.map(({ message }) => message)),
    plainArray(questions.map(({ timeoutSeconds }) => timeoutSeconds)),
  ]);
};

/** The nodes have taken what became of these questions. An answer stays; what nobody answered is over. */
export const endApprovals = async (sql: Sql, run: DagRunId, ends: readonly ApprovalEnd[]): Promise<void> => {
  const text = `
with changed as (
  update dag_approvals a set ended_at = clock_timestamp(), state = case when a.state = 'waiting' then x.state else a.state end
  from unnest($2::integer[], $3::text[]) as x (node, state)
  where a.run_id = $1 and a.node = x.node and a.ended_at is null returning 1
)
select count(*)::integer as changed from changed`;
  const { changed } = onlyRow(
    await sql.run<{ changed: number }>({ text }, [
      run,
      plainArray(ends.map(({ node }) => node)),
      textArray(ends.map(({ state }) => state)),
    ]),
  );
  if (changed !== ends.length) throw new Error(`ends of approvals: changed ${changed} of ${ends.length}`);
};

/** An approval as one JSON value; null where a node run has none. Times come as texts: `toApproval` reads them. */
export const approvalJson = `
case when a.run_id is not null then json_build_object('message', a.message, 'state', a.state,
  'askedAt', a.asked_at, 'expiresAt', a.expires_at, 'answeredAt', a.answered_at,
  'answeredBy', a.answered_by, 'note', a.note) end as approval`;

type Times = 'askedAt' | 'expiresAt' | 'answeredAt';
/** A row of `approvalJson`. */
export type ApprovalJson = Omit<ApprovalRecord, Times> & {
  readonly askedAt: string;
  readonly expiresAt: string;
  readonly answeredAt: string | null;
};

export const toApproval = (json: ApprovalJson): ApprovalRecord => ({
  ...json,
  askedAt: new Date(json.askedAt),
  expiresAt: new Date(json.expiresAt),
  answeredAt: json.answeredAt === null ? null : new Date(json.answeredAt),
});

/** What a question looks like under the lock of its run; `state` is that of the node. */
export interface FoundQuestion {
  readonly node: number;
  readonly state: NodeRunState;
  readonly open: boolean;
  readonly approval: ApprovalJson | null;
}

/** The question of a node, by the node's name; null: the run has no such node. `open`: it waits, and there is time. */
export const findApproval = async (sql: Sql, run: DagRunId, name: string): Promise<FoundQuestion | null> => {
  const text = `
select n.node, n.state, coalesce(a.state = 'waiting' and a.expires_at > clock_timestamp(), false) as open, ${approvalJson}
from node_runs n left join dag_approvals a on a.run_id = coalesce(n.kept_from, n.run_id) and a.node = n.node
where n.run_id = $1 and n.name = $2 and n.item = -1`;
  const [row] = await sql.run<FoundQuestion & Record<string, unknown>>({ text }, [run, name]);
  return row ?? null;
};

/** Locks a run for an answer: steps of the run look at it before or after, not meanwhile. */
export const lockForAnswer = async (sql: Sql, run: DagRunId): Promise<void> => {
  await sql.run({ text: 'select from dag_runs where id = $1 for update' }, [run]);
};

/** Stores the answer to a question that is open, and marks the run. */
export const storeAnswer = async (
  sql: Sql,
  run: DagRunId,
  node: number,
  answer: ApprovalAnswer,
  { actor, reason }: WriteContext,
): Promise<void> => {
  const text = `
with marked as (insert into dag_due (run_id) values ($1))
update dag_approvals set state = $3, answered_at = clock_timestamp(), answered_by = $4, note = nullif($5, '')
where run_id = $1 and node = $2 and state = 'waiting'`;
  await sql.run({ text }, [run, node, answer, actor, reason]);
};

/** A question in lists, with its node's index, which the next page begins behind. */
export type ListedApproval = ApprovalSummary & { readonly index: number };

/** Questions that wait for an answer, behind (run, node), of the newest runs first. */
export const listApprovals = (
  sql: Sql,
  { project, dag }: ApprovalFilter,
  [run, node]: readonly [string | null, number],
  limit: number,
): Promise<readonly ListedApproval[]> => {
  const text = `
select a.run_id as run, a.node as index, n.name as node, d.project, d.name as dag, r.version, a.message, a.state,
  a.asked_at as "askedAt", a.expires_at as "expiresAt", a.answered_at as "answeredAt", a.answered_by as "answeredBy",
  a.note
from dag_approvals a join dag_runs r on r.id = a.run_id join dags d on d.id = r.dag_id
join node_runs n on n.run_id = a.run_id and n.node = a.node and n.item = -1
where a.ended_at is null and a.state = 'waiting' and ($1::text is null or d.project = $1)
  and ($2::text is null or d.name = $2)
  and ($3::uuid is null or a.run_id < $3 or a.run_id = $3 and a.node > $4)
order by a.run_id desc, a.node limit $5`;
  return sql.run<ListedApproval & Record<string, unknown>>({ text }, [project, dag, run, node, limit]);
};

/** Marks runs with questions whose time is over. */
export const markExpired = async (sql: Sql, limit: number): Promise<number> => {
  const text = `
with marked as (
  insert into dag_due (run_id)
  select distinct a.run_id from (
    select run_id from dag_approvals where state = 'waiting' and expires_at <= clock_timestamp()
    order by expires_at limit $1) a
  where not exists (select from dag_due d where d.run_id = a.run_id)
  returning 1
)
select count(*)::integer as marked from marked`;
  return onlyRow(await sql.run<{ marked: number }>({ text }, [limit])).marked;
};
