-- The foundation: what stands here is the shape of design §6 and docs/adr on the hot table.
-- All text is compared bytewise (collate "C"): order never depends on the machine's locale.

create table installation (
  only_row boolean primary key default true check (only_row),
  id uuid not null default gen_random_uuid(),
  created_at timestamptz not null default clock_timestamp()
);

create table projects (
  name text collate "C" primary key check (name <> ''),
  created_at timestamptz not null default clock_timestamp()
);
insert into projects (name) values ('default');

-- Never deleted: jobs, live and finished, refer to topics by id without a foreign key, which would cost a trigger
-- for each row of the hot table.
create table topics (
  id integer generated always as identity primary key,
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  paused boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  unique (project, name)
);

-- Only limited topics have a row here: a claim takes `taken` up, the attempt's end takes it down again.
create table topic_counters (
  topic_id integer primary key references topics,
  job_limit integer not null check (job_limit >= 0),
  taken integer not null check (taken >= 0)
) with (fillfactor = 20);

create table images (
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  reference text not null check (reference <> ''),
  command json,
  args json,
  env json not null,
  resources json,
  labels json not null,
  run_as_user integer check (run_as_user > 0),
  active boolean not null default true,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

-- Who changed images and topics, when and why; append-only.
create table changes (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  reason text not null,
  kind text not null,
  project text collate "C" not null,
  name text collate "C" not null,
  data json not null
);

-- A runtime: cluster uid + namespace, or machine + data folder.
create table runtimes (
  id integer generated always as identity primary key,
  key text collate "C" not null unique
);

-- The leases. `ended_at`: released, or its attempts were adopted; such an incarnation never beats again.
create table executors (
  incarnation uuid primary key,
  name text not null,
  runtime_kind text not null check (runtime_kind in ('kubernetes', 'process')),
  runtime_id integer not null references runtimes,
  topics text[],
  max_running integer not null check (max_running >= 0),
  version text not null,
  nonce text not null,
  started_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp(),
  lease_until timestamptz not null,
  draining boolean not null default false,
  ended_at timestamptz
) with (fillfactor = 50);

-- What attempts run as in their runtime. Many attempts may point to one object (an Indexed Job), each with an index.
create table runtime_objects (
  id bigint generated always as identity primary key,
  runtime_id integer not null references runtimes,
  uid text collate "C" not null,
  name text not null,
  unique (runtime_id, uid)
);

-- The hot table: live jobs only, and on the same row the current attempt (docs/adr/0010). `rank` is the priority with
-- its sign turned, so that one ascending index gives the order of claims and a row comparison can start inside it.
-- `queue` stays 'live' while the attempt goes on, so those updates touch no indexed column and stay HOT.
-- One CHECK, of what only the whole row can tell: PostgreSQL reads a table's CHECKs from their stored text for each
-- statement that writes, which was a tenth of a single claim. Who writes `queue`, `attempt_state` and `stop_intent` are
-- our own constants.
create table jobs (
  id uuid primary key,
  topic_id integer not null,
  rank smallint not null,
  queue text collate "C" not null, -- scheduled, pending, live
  run_at timestamptz not null,
  expires_at timestamptz not null,
  queue_seconds integer not null,
  event_seq integer not null default 1,
  attempt integer not null default 0,
  used_user smallint not null default 0,
  used_infrastructure smallint not null default 0,
  used_output smallint not null default 0,
  used_unknown smallint not null default 0,
  used_out_of_memory smallint not null default 0,
  cancel_requested_at timestamptz,
  cancel_reason text,
  attempt_id uuid,
  owner uuid,
  runtime_id integer,
  attempt_state text collate "C", -- launching, waiting, running, finalizing
  claimed_at timestamptz,
  launched_at timestamptz,
  started_at timestamptz,
  finalizing_at timestamptz,
  object_id bigint,
  object_index integer,
  adopted_while_launching boolean not null default false,
  stop_intent text, -- cancel, run_deadline, start_deadline, finalize_deadline
  stop_requested_at timestamptz,
  waiting_reason text,
  waiting_message text,
  node text,
  -- Of which DAG run the job is a node; its end leaves a mark there.
  dag_run_id uuid,
  constraint jobs_live_has_attempt check (
    case queue
      when 'live' then num_nulls(attempt_id, owner, runtime_id, attempt_state, claimed_at) = 0
      else num_nonnulls(attempt_id, owner, attempt_state, object_id, stop_intent, cancel_requested_at) = 0
    end)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.1, vacuum_truncate = off);
create index jobs_pending on jobs (topic_id, rank, run_at, id) where queue = 'pending';
-- The condition is written so that `queue = 'pending'` does not imply it: where statistics say that nothing is pending,
-- all indexes of pending rows cost the same, and a claim that took this one would read the whole queue and sort it.
create index jobs_expiring on jobs (expires_at) where case queue when 'pending' then true end;
create index jobs_scheduled on jobs (run_at) where queue = 'scheduled';
-- Serves the fence (owner and attempt), the owner's list, and adoption.
create unique index jobs_live on jobs (owner, attempt_id) where owner is not null;

-- What was submitted: written once, and kept as long as the job's history, by the month in the job's id. It is also the
-- job's event 1. (Moving it into `finished_jobs` at the end was a tenth of a job's cost.)
create table job_specs (
  id uuid primary key,
  created_at timestamptz not null,
  created_by text not null,
  submit_reason text not null,
  name text,
  image text collate "C" not null,
  labels jsonb not null,
  spec json not null,
  retry_of uuid,
  root_job_id uuid
) partition by range (id);

-- History, in partitions by the month in the job's id. The newest attempt lies with its job, earlier ones in `attempts`;
-- what was submitted lies in `job_specs`.
create table finished_jobs (
  id uuid primary key,
  topic_id integer not null,
  state text collate "C" not null, -- completed, failed, cancelled
  rank smallint not null,
  run_at timestamptz not null,
  finished_at timestamptz not null,
  event_seq integer not null,
  attempt integer not null,
  used_user smallint not null,
  used_infrastructure smallint not null,
  used_output smallint not null,
  used_unknown smallint not null,
  used_out_of_memory smallint not null,
  cancel_requested_at timestamptz,
  output json,
  output_bytes integer,
  output_digest text,
  failure json,
  attempt_id uuid,
  attempt_state text collate "C", -- succeeded, failed, cancelled, lost
  owner uuid,
  runtime_id integer,
  object_uid text,
  object_name text,
  claimed_at timestamptz,
  launched_at timestamptz,
  started_at timestamptz,
  attempt_finished_at timestamptz,
  exit_code integer,
  node text,
  image_digest text,
  log_bytes bigint,
  dag_run_id uuid,
  constraint finished_jobs_end check (
    case state
      when 'completed' then attempt_state = 'succeeded' and num_nonnulls(failure, cancel_requested_at) = 0
      else failure is not null and output is null
    end)
) partition by range (id);
create index finished_jobs_not_completed on finished_jobs (id) where state <> 'completed';

create table attempts (
  job_id uuid not null,
  number integer not null check (number > 0),
  id uuid not null,
  state text collate "C" not null check (state in ('succeeded', 'failed', 'cancelled', 'lost')),
  owner uuid not null,
  runtime_id integer not null,
  object_uid text,
  object_name text,
  claimed_at timestamptz not null,
  launched_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  closed_at timestamptz not null,
  exit_code integer,
  failure json,
  node text,
  image_digest text,
  log_bytes bigint,
  primary key (job_id, number)
) partition by range (job_id);

-- Events 2 and up; event 1, 'submitted', is the row of job_specs.
create table events (
  job_id uuid not null,
  seq integer not null check (seq > 1),
  at timestamptz not null,
  kind text collate "C" not null,
  attempt integer,
  actor text not null,
  reason text not null,
  data json,
  primary key (job_id, seq)
) partition by range (job_id);

create table log_tails (
  job_id uuid not null,
  attempt_id uuid not null,
  bytes bytea not null,
  total_bytes bigint not null,
  extent text collate "C" not null check (extent in ('exact', 'at_least', 'end_missing')),
  primary key (job_id, attempt_id)
) partition by range (job_id);

create table idempotency_keys (
  project text collate "C" not null,
  key text collate "C" not null,
  fingerprint text not null,
  job_ids uuid[] not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (project, key)
);
create index idempotency_keys_expiring on idempotency_keys (expires_at);

-- The smallest UUIDv7 of an instant: its first 48 bits are the milliseconds since 1970.
create function floor_id(instant timestamptz) returns uuid language sql immutable parallel safe as $$
  select (lpad(to_hex(floor(extract(epoch from instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Every write accounts for the rows it changed, table by table; a difference undoes the whole statement.
create function accounted(tables text, expected bigint, variadic changed bigint[]) returns bigint language plpgsql as $$
begin
  if expected <> any (changed) then
    raise exception '% should have changed % rows each, but changed %', tables, expected, changed
      using errcode = 'data_corrupted';
  end if;
  return expected;
end $$;

-- Makes the partitions of `months` months from `first` on, of every table that is divided by a job's id; months that lie
-- already in a default partition stay there.
create function ensure_partitions(first date, months integer) returns integer language plpgsql as $$
declare
  parent record;
  month date;
  part text;
  taken boolean;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(7266316001);
  for parent in select c.relname::text as tab, a.attname::text as col
      from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
      join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
      where c.relnamespace = current_schema()::regnamespace order by c.relname loop
    for step in 0 .. months - 1 loop
      month := date_trunc('month', first)::date + make_interval(months => step);
      part := parent.tab || to_char(month, '_YYYY_MM');
      continue when to_regclass(part) is not null;
      execute format('select exists (select from %I where %I >= $1 and %I < $2)',
                     parent.tab || '_default', parent.col, parent.col)
        into taken using floor_id(month::timestamp at time zone 'UTC'),
                         floor_id((month + interval '1 month') at time zone 'UTC');
      continue when taken;
      execute format('create table %I partition of %I for values from (%L) to (%L)', part, parent.tab,
                     floor_id(month::timestamp at time zone 'UTC'),
                     floor_id((month + interval '1 month') at time zone 'UTC'));
      made := made + 1;
    end loop;
  end loop;
  return made;
end $$;

create table job_specs_default partition of job_specs default;
create table finished_jobs_default partition of finished_jobs default;
create table attempts_default partition of attempts default;
create table events_default partition of events default;
create table log_tails_default partition of log_tails default;
