-- min_compatible: 6
-- Nodes that are not jobs: approvals wait for a person, and `dag` nodes are runs of their own. A program that does not
-- know them would fail them.

-- `state` is what became of the question; `ended_at` says that the node has taken it. The person's answer stays as it is.
create table dag_approvals (
  run_id uuid not null references dag_runs on delete cascade,
  node integer not null,
  message text not null,
  state text collate "C" not null default 'waiting'
    check (state in ('waiting', 'approved', 'rejected', 'timed_out', 'cancelled')),
  asked_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  answered_at timestamptz,
  answered_by text,
  note text,
  ended_at timestamptz,
  primary key (run_id, node),
  constraint dag_approvals_answer check (
    (state in ('approved', 'rejected')) = (answered_at is not null) and (answered_at is null) = (answered_by is null)
  )
);
create index dag_approvals_open on dag_approvals (run_id, node) where ended_at is null;
create index dag_approvals_expiry on dag_approvals (expires_at) where state = 'waiting';

-- A run of a sub-DAG belongs to one node run of its parent; `top_run_id` is the run that people started. `pins` are the
-- versions of all DAGs below it that name none, by name, as they were at its start. `node_runs` counts its own.
-- `depth`: 0 for a run that people started.
alter table dag_runs
  add column pins json not null default '{}',
  add column node_runs integer not null default 0,
  add column parent_run_id uuid references dag_runs on delete cascade,
  add column parent_node integer,
  add column parent_item integer,
  add column top_run_id uuid,
  add column depth smallint not null default 0,
  add constraint dag_runs_parent check (
    (parent_run_id is null) = (top_run_id is null) and (parent_run_id is null) = (parent_node is null)
    and (parent_run_id is null) = (depth = 0)
  );
-- A child exists once, whatever happens to the step that made it. `parent_item` -1: the node has no `forEach`.
create unique index dag_runs_child on dag_runs (parent_run_id, parent_node, parent_item)
  where parent_run_id is not null;
create index dag_runs_top on dag_runs (top_run_id) include (node_runs) where top_run_id is not null;

alter table node_runs add column child_run_id uuid;
create unique index node_runs_child on node_runs (child_run_id) where child_run_id is not null and kept_from is null;

-- The end of a sub-DAG's run leaves its mark in the transaction of the end, as that of a job does. `job_id` and
-- `child_id` null: people asked for something.
alter table dag_due add column child_id uuid;
create function mark_parent_due() returns trigger language plpgsql as $$
begin
  insert into dag_due (run_id, child_id) values (new.parent_run_id, new.id);
  return null;
end $$;
create trigger ended_child_marks_parent_due after update on dag_runs
  for each row when (new.parent_run_id is not null and new.finished_at is not null and old.finished_at is null)
  execute function mark_parent_due();

with counted as (select run_id, count(*)::integer as n from node_runs group by run_id)
update dag_runs r set node_runs = c.n,
  progress = jsonb_set(r.progress::jsonb, '{nodeRuns}', to_jsonb(c.n))::json
from counted c where c.run_id = r.id;
