import {
  incarnationId,
  leaseMs,
  type BeatAnswer,
  type ExecutorRecord,
  type NewExecutor,
} from '@job-orchestrator/types';
import type { IncarnationId } from '@job-orchestrator/types';
import { textArrayOrNull } from '../connection/literals.ts';
import { onlyRow, type Sql } from '../connection/sql.ts';

const lease = `clock_timestamp() + interval '${leaseMs} milliseconds'`;

/** Makes the runtime's row, where it is new. */
export const ensureRuntime = async (sql: Sql, key: string): Promise<void> => {
  await sql.run({ text: 'insert into runtimes (key) values ($1) on conflict do nothing' }, [key]);
};

/** Makes an executor with a lease that begins now. */
export const insertExecutor = async (sql: Sql, executor: NewExecutor, nonce: string): Promise<void> => {
  const rows = await sql.run(
    {
      text: `
insert into executors (incarnation, name, runtime_kind, runtime_id, topics, max_running, version, nonce, lease_until)
select $1, $2, $3, r.id, $5::text[], $6, $7, $8, ${lease} from runtimes r where r.key = $4
on conflict (incarnation) do update set nonce = excluded.nonce, lease_until = excluded.lease_until
  where executors.ended_at is null
returning 1`,
    },
    [
      executor.incarnation,
      executor.name,
      executor.runtimeKind,
      executor.runtimeKey,
      textArrayOrNull(executor.topics),
      executor.maxRunning,
      executor.version,
      nonce,
    ],
  );
  if (rows.length !== 1) throw new Error(`incarnation ${executor.incarnation} has ended; register a new one`);
};

/** Ends the lease of every other executor. */
export const endOthers = async (sql: Sql, incarnation: IncarnationId): Promise<void> => {
  await sql.run(
    {
      text: 'update executors set ended_at = clock_timestamp() where incarnation <> $1 and ended_at is null',
    },
    [incarnation],
  );
};

/**
 * Renews by compare-and-set. Also the next nonce is accepted: then an earlier beat was stored and its answer was lost.
 * An expired lease that nobody has judged yet may be renewed; so all go on after the database was away for a while.
 */
const beatText = `
with renewed as (
  update executors set nonce = $3, beat_at = clock_timestamp(), lease_until = ${lease}
  where incarnation = $1 and nonce in ($2, $3) and ended_at is null
  returning beat_at
)
select (select beat_at from renewed) as at, case when exists (select from renewed) then 'renewed'
            when exists (select from executors where incarnation = $1 and ended_at is not null) then 'lost'
            else 'database_went_back' end as kind`;

interface BeatRow {
  readonly kind: BeatAnswer['kind'];
  readonly at: Date | null;
}

const toAnswer = ({ kind, at }: BeatRow): BeatAnswer =>
  kind === 'renewed' ? { kind, at: at ?? new Date(Number.NaN) } : { kind };

/** Renews a lease. */
export const beat = async (
  sql: Sql,
  incarnation: IncarnationId,
  nonce: string,
  nextNonce: string,
): Promise<BeatAnswer> =>
  toAnswer(
    onlyRow(
      await sql.run<BeatRow & Record<string, unknown>>({ name: 'beat', text: beatText }, [
        incarnation,
        nonce,
        nextNonce,
      ]),
    ),
  );

/** Says that an executor claims no more. */
export const markDraining = async (sql: Sql, incarnation: IncarnationId): Promise<void> => {
  await sql.run({ text: 'update executors set draining = true where incarnation = $1' }, [incarnation]);
};

/** Ends a lease now. */
export const endLease = async (sql: Sql, incarnation: IncarnationId): Promise<void> => {
  await sql.run(
    {
      text: `update executors set ended_at = clock_timestamp(), draining = true
             where incarnation = $1 and ended_at is null`,
    },
    [incarnation],
  );
};

type ExecutorRow = Omit<ExecutorRecord, 'incarnation'> & { readonly incarnation: string } & Record<
    string,
    unknown
  >;

/** Executors that live, hold attempts, or ended less than an hour ago. */
const listText = `
select * from (
  select e.incarnation, e.name, e.runtime_kind as "runtimeKind", r.key as "runtimeKey", e.topics,
    e.max_running as "maxRunning", e.version, e.started_at as "startedAt", e.beat_at as "beatAt",
    e.ended_at is null and e.lease_until > clock_timestamp() as live, e.draining,
    (select count(*) from jobs j where j.owner = e.incarnation) as running,
    case when e.ended_at is null then coalesce(n.set_aside, '[]') else '[]' end as "setAside"
  from executors e join runtimes r on r.id = e.runtime_id left join executor_notes n on n.incarnation = e.incarnation
) e where live or running > 0 or "beatAt" > clock_timestamp() - interval '1 hour' order by name, "startedAt"`;

/** Executors as people read them. */
export const listExecutors = async (sql: Sql): Promise<readonly ExecutorRecord[]> => {
  const rows = await sql.run<ExecutorRow>({ text: listText });
  return rows.map((row) => ({ ...row, incarnation: incarnationId(row.incarnation) }));
};

/** Removes executors that ended, or did not beat, for a day and hold no attempt. */
export const forgetExecutors = async (sql: Sql): Promise<void> => {
  await sql.run({
    text: `
delete from executors e where e.beat_at < clock_timestamp() - interval '1 day'
  and e.lease_until < clock_timestamp() and not exists (select from jobs j where j.owner = e.incarnation)`,
  });
};

/** Removes objects that no live attempt runs as; history carries their names itself. */
export const forgetObjects = async (sql: Sql): Promise<void> => {
  await sql.run({
    text: `delete from runtime_objects o
           where not exists (select from jobs j where j.owner is not null and j.object_id = o.id)`,
  });
};
