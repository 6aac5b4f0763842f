-- DAGs: definitions in immutable versions, runs, node runs, and the marks of runs that have something to do.

create table dags (
  id integer generated always as identity primary key,
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  -- The newest version; 0 only inside the transaction that makes the first.
  version integer not null default 0 check (version >= 0),
  created_at timestamptz not null default clock_timestamp(),
  -- Its versions and runs stay; applied again, it is there again, with its next version.
  deleted_at timestamptz,
  unique (project, name)
);

-- Never updated. `document`: as people wrote it; `graph`: compiled, what the planner reads.
create table dag_versions (
  dag_id integer not null references dags,
  version integer not null check (version > 0),
  digest text not null,
  document json not null,
  graph json not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  reason text not null,
  primary key (dag_id, version)
);

-- `progress` is what the planner keeps; only a step of the run (under its row lock) writes it.
create table dag_runs (
  id uuid primary key,
  dag_id integer not null references dags,
  version integer not null,
  state text collate "C" not null check (state in ('pending', 'running', 'completed', 'failed', 'cancelled')),
  inputs json not null,
  images json not null,
  progress json not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  reason text not null,
  deadline_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  paused_at timestamptz,
  cancel_requested_at timestamptz,
  cancel_reason text,
  cancel_final boolean not null default false,
  stopping text check (stopping in ('cancelled', 'fail_fast', 'deadline')),
  retry_of uuid,
  foreign key (dag_id, version) references dag_versions,
  constraint dag_runs_end check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null))
) with (fillfactor = 70);
create index dag_runs_of_dag on dag_runs (dag_id, id);
create index dag_runs_open on dag_runs (deadline_at) where finished_at is null;

-- One row per node from the start (item -1), and one per item of a `forEach` from its expansion: a child exists once.
create table node_runs (
  run_id uuid not null references dag_runs on delete cascade,
  node integer not null check (node >= 0),
  item integer not null check (item >= -1),
  name text collate "C" not null,
  state text collate "C" not null
    check (state in ('waiting', 'ready', 'running', 'completed', 'failed', 'skipped', 'cancelled')),
  reason text,
  message text,
  job_id uuid,
  -- The run whose result this is; its job is not run again.
  kept_from uuid,
  value json,
  parents_completed integer not null default 0,
  parents_failed integer not null default 0,
  parents_skipped integer not null default 0,
  items json,
  stopping boolean not null default false,
  startable boolean not null default false,
  gate integer,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (run_id, node, item),
  constraint node_runs_end check (
    (state in ('completed', 'failed', 'skipped', 'cancelled')) = (finished_at is not null))
) with (fillfactor = 70);
-- A job belongs to one node run, unless a later run keeps its result.
create unique index node_runs_job on node_runs (job_id) where job_id is not null and kept_from is null;
create index node_runs_startable on node_runs (run_id, gate, node) where startable;
create index node_runs_stopping on node_runs (run_id, node, item) where stopping and state = 'running';

-- Insert-only: a step locks its run, then deletes and takes the marks. `job_id` null: people asked for something.
create table dag_due (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  job_id uuid
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, vacuum_truncate = off);
create index dag_due_run on dag_due (run_id, id);

-- The end of a node's job leaves its mark in the transaction of the end, whichever statement ends it; for all other jobs
-- the condition is all that it costs (no function is called, nothing is queued).
create function mark_dag_due() returns trigger language plpgsql as $$
begin
  insert into dag_due (run_id, job_id) values (new.dag_run_id, new.id);
  return null;
end $$;
create trigger finished_jobs_mark_dag_due after insert on finished_jobs
  for each row when (new.dag_run_id is not null) execute function mark_dag_due();
