-- Schedules of DAGs, what became of each of their times, and backfills.

-- `next_at`: the next time to come, kept by whoever fires: it moves in the transaction that stores the run, so that of
-- many orchestrators one fires and a kill loses and doubles nothing. Null: no time will come any more.
-- `revision` rises with every change by people; a firing that was planned before it is not stored.
create table schedules (
  id integer generated always as identity primary key,
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  dag_id integer not null references dags,
  cron text not null,
  time_zone text not null,
  overlap text not null check (overlap in ('allow', 'skip', 'replace')),
  catch_up text not null check (catch_up in ('none', 'latest', 'all')),
  inputs json not null,
  revision integer not null default 1,
  next_at timestamptz,
  paused_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  reason text not null,
  unique (project, name)
);
create index schedules_due on schedules (next_at) where next_at is not null and paused_at is null;
create index schedules_of_dag on schedules (dag_id);

-- What became of a time; of times that were skipped together one row, from `scheduled_at` through `through_at`, of which
-- there were `times`.
create table schedule_firings (
  schedule_id integer not null references schedules on delete cascade,
  scheduled_at timestamptz not null,
  through_at timestamptz not null,
  times integer not null check (times > 0),
  at timestamptz not null default clock_timestamp(),
  outcome text collate "C" not null check (outcome in ('started', 'overlap', 'missed', 'paused', 'refused')),
  message text,
  run_id uuid,
  primary key (schedule_id, scheduled_at),
  constraint schedule_firings_run check ((outcome = 'started') = (run_id is not null))
);
create index schedule_firings_at on schedule_firings (at);

create table backfills (
  id uuid primary key,
  schedule_id integer not null references schedules on delete cascade,
  inputs json not null,
  max_parallel integer not null check (max_parallel > 0),
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  reason text not null,
  cancelled_at timestamptz,
  finished_at timestamptz
);
create index backfills_open on backfills (id) where finished_at is null;
create index backfills_of_schedule on backfills (schedule_id, id);

create table backfill_times (
  backfill_id uuid not null references backfills on delete cascade,
  scheduled_at timestamptz not null,
  run_id uuid,
  -- Why no run could be started for it.
  refused text,
  primary key (backfill_id, scheduled_at),
  constraint backfill_times_once check (run_id is null or refused is null)
);
create index backfill_times_waiting on backfill_times (backfill_id, scheduled_at)
  where run_id is null and refused is null;

-- No foreign keys: a run outlives its schedule, whose id is never used again. A run that runs parts of another again has
-- that one's time, so only the first of a time is unique.
alter table dag_runs add column schedule_id integer, add column scheduled_at timestamptz, add column backfill_id uuid,
  -- The topic that has no room for more of the run's jobs.
  add column held_topic text;
create unique index dag_runs_of_schedule on dag_runs (schedule_id, scheduled_at)
  where schedule_id is not null and backfill_id is null and retry_of is null;
create unique index dag_runs_of_backfill on dag_runs (backfill_id, scheduled_at)
  where backfill_id is not null and retry_of is null;
create index dag_runs_of_time on dag_runs (schedule_id, scheduled_at, id) where schedule_id is not null;
create index dag_runs_open_of_schedule on dag_runs (schedule_id) where schedule_id is not null and finished_at is null;
create index dag_runs_held on dag_runs (id) where held_topic is not null;
create index dag_runs_ended on dag_runs (finished_at) where finished_at is not null;
