-- min_compatible: 2
-- Claims and ends as functions (docs/adr/0012): a statement of many CTEs cost 0.3 ms to start, whatever it did; a
-- function runs only the small statements that it needs. And no event rows for what a row says already: a claim lies on
-- the row of its attempt, the end on the row of its job.

alter table jobs add column claimed_seq integer, add column claimed_by text;
alter table attempts add column claimed_seq integer, add column claimed_by text;
alter table finished_jobs add column claimed_seq integer, add column claimed_by text, add column ended_by text,
  add column end_reason text;

-- An attempt's id begins with the first 96 bits of its job's id, so that the job can be found by a range of its
-- primary key; then the attempt's number and 16 random bits, which tell it apart after a database went back in time.
-- (2^32 in front keeps the zeros of both; with `lpad` for each it took 1.4 us and not 1.0, of the 30 that a job takes in a batch.)
create function new_attempt_id(job uuid, number integer) returns uuid language sql volatile parallel safe as $$
  select (substr(job::text, 1, 28)
          || substr(to_hex(4294967296 + (number & 65535) * 65536::bigint + floor(random() * 65536)::bigint), 2))::uuid
$$;

-- Stores jobs and what was submitted of each: all of them, or, when topics are `missing`, none. A piece of two arrays
-- `values` and `which` gives each job its value by place; `which` null: the first for all. An array that is null stands
-- for nulls throughout; `label_texts` and `spec_texts` are parted by \x01, which JSON as we write it does not have.
create function insert_jobs(ids uuid[], project_names text[], topic_names text[], which_topic integer[],
  ranks smallint[], run_ms float8[], seconds integer[], names text[], image_names text[], which_image integer[],
  label_texts text, spec_texts text, retries_of uuid[], roots uuid[], dag_runs uuid[], actor text, why text)
returns table (inserted integer, missing integer) language plpgsql as $$
declare
  at timestamptz := clock_timestamp();
  topic_ids integer[];
  specs integer;
begin
  topic_ids := array(
    select t.id from unnest(project_names, topic_names) with ordinality as w (project, name, place)
    left join topics t on t.project = w.project and t.name = w.name order by w.place);
  inserted := 0;
  missing := case when array_position(topic_ids, null) is null then 0 else 1 end;
  if missing > 0 then return next; return; end if;

  insert into jobs (id, topic_id, rank, queue, run_at, expires_at, queue_seconds, dag_run_id)
  select x.id, topic_ids[coalesce(x.topic, 1)], x.rank, case when x.due > at then 'scheduled' else 'pending' end, x.due,
         x.due + x.queue_seconds * interval '1 second', x.queue_seconds, x.dag_run_id
  from (
    select u.*, coalesce(to_timestamp(u.run_ms / 1000), at) as due
    from unnest(ids, which_topic, ranks, run_ms, seconds, dag_runs) as u (id, topic, rank, run_ms, queue_seconds, dag_run_id)
    offset 0) x;
  get diagnostics inserted = row_count;

  insert into job_specs (id, created_at, created_by, submit_reason, name, image, labels, spec, retry_of, root_job_id)
  select x.id, at, actor, why, x.name, image_names[coalesce(x.image, 1)], coalesce(x.labels::jsonb, '{}'), x.spec::json,
         x.retry_of, x.root_job_id
  from unnest(ids, names, which_image, string_to_array(label_texts, e'\x01'), string_to_array(spec_texts, e'\x01'),
              retries_of, roots) as x (id, name, image, labels, spec, retry_of, root_job_id);
  get diagnostics specs = row_count;
  if specs <> inserted then perform accounted('job_specs', inserted, specs); end if;
  return next;
end $$;

-- Claims up to `most` due jobs of topics that are open to this executor, each with a new attempt; without a live lease,
-- none. Topics go in the order of their heads, each from its own index range. Nothing here ever waits for a lock: a
-- limited topic whose counter is held by another is left out, and that other one wakes us if it leaves slots.
-- Where a scan of a topic begins: behind (mark_rank, mark_run_at, mark_id) and before mark_until. The answer is in no order.
-- A claim from a single open topic without a limit does without this function (src/sql/claim-from-topic.ts).
--
-- The inner limit is a literal, and the outer one stops it early: with a parameter in its place the generic plan
-- expects a tenth of the table and may sort it whole.
--
-- The caller's statement holds a snapshot for as long as this runs, so whoever makes a counter can wait for us.
create function claim_jobs(me uuid, my_runtime text, wanted text[], most integer, mark_topic integer[],
  mark_rank smallint[], mark_run_at timestamptz[], mark_id uuid[], mark_until smallint[])
returns table (id uuid, job_id uuid, number integer, project text, topic text, claimed_at timestamptz,
  used_user smallint, used_infrastructure smallint, used_output smallint, used_unknown smallint,
  used_out_of_memory smallint, spec json, topic_id integer, rank smallint, run_at timestamptz, slots_left boolean)
language plpgsql rows 20 as $$
#variable_conflict use_column
declare
  my_name text;
  my_runtime_id integer;
  held integer[] := '{}';
  free integer[] := '{}';
  left_open integer[] := '{}';
  picked uuid[];
  first_id uuid;
  last_id uuid;
begin
  select e.name, e.runtime_id into my_name, my_runtime_id from executors e
  where e.incarnation = me and e.ended_at is null and e.lease_until > clock_timestamp()
    and e.runtime_id = (select r.id from runtimes r where r.key = my_runtime);
  if not found then return; end if;

  if exists (select from topic_counters) then
    select coalesce(array_agg(h.topic_id), '{}'), coalesce(array_agg(h.slots), '{}') into held, free from (
      select c.topic_id, c.job_limit - c.taken as slots from topic_counters c join topics t on t.id = c.topic_id
      where c.taken < c.job_limit and not t.paused and (wanted is null or t.name = any(wanted))
        and (select true from jobs j where j.topic_id = c.topic_id and j.queue = 'pending'
             order by j.rank, j.run_at, j.id limit 1)
      for update of c skip locked) h;
  end if;

  picked := array(
    select p.id from (
      select s.*, h.rank, h.run_at, h.id from (
        select t.id as topic_id, l.slots, coalesce(m.from_rank, -32768) as from_rank,
          coalesce(m.until_rank, 32767) as until_rank, coalesce(m.from_run_at, '-infinity') as from_run_at,
          coalesce(m.from_id, '00000000-0000-0000-0000-000000000000') as from_id
        from topics t left join unnest(held, free) as l (topic_id, slots) on l.topic_id = t.id
        left join unnest(mark_topic, mark_rank, mark_run_at, mark_id, mark_until)
          as m (topic_id, from_rank, from_run_at, from_id, until_rank) on m.topic_id = t.id and l.slots is null
        where not t.paused and (wanted is null or t.name = any(wanted))
          and (l.slots is not null or not exists (select from topic_counters c where c.topic_id = t.id))
      ) s
      cross join lateral (
        select j.rank, j.run_at, j.id from jobs j
        where j.topic_id = s.topic_id and j.queue = 'pending' and j.rank < s.until_rank
          and (j.rank, j.run_at, j.id) > (s.from_rank, s.from_run_at, s.from_id)
        order by j.rank, j.run_at, j.id limit 1) h
      order by h.rank, h.run_at, h.id
    ) s
    cross join lateral (
      select q.id from (
        select j.id from jobs j
        where j.topic_id = s.topic_id and j.queue = 'pending' and j.rank < s.until_rank
          and (j.rank, j.run_at, j.id) > (s.from_rank, s.from_run_at, s.from_id)
        order by j.rank, j.run_at, j.id limit 1024 for update skip locked) q
      limit s.slots) p
    limit most);
  if picked = '{}' then return; end if;

  if held <> '{}' then
    with counted as (
      update topic_counters c set taken = c.taken + n.taken
      from (select j.topic_id, count(*)::integer as taken from jobs j where j.id = any(picked) group by 1) n
      where c.topic_id = n.topic_id
      returning c.topic_id, c.taken < c.job_limit as is_open)
    select coalesce(array_agg(c.topic_id), '{}') into left_open from counted c where is_open;
  end if;

  -- For one job only its own partition of specs is opened; many jobs are worth opening all.
  if cardinality(picked) = 1 then first_id := picked[1]; last_id := first_id;
  else first_id := '00000000-0000-0000-0000-000000000000'; last_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  end if;

  return query
    with claimed as (
      update jobs j set queue = 'live', attempt = j.attempt + 1, attempt_id = new_attempt_id(j.id, j.attempt + 1),
        owner = me, runtime_id = my_runtime_id, attempt_state = 'launching', claimed_at = clock_timestamp(),
        claimed_by = my_name, event_seq = j.event_seq + 1, claimed_seq = j.event_seq + 1
      where j.id = any(picked)
      returning j.attempt_id, j.id, j.attempt, j.topic_id, j.rank, j.run_at, j.claimed_at, j.used_user,
        j.used_infrastructure, j.used_output, j.used_unknown, j.used_out_of_memory)
    select c.attempt_id, c.id, c.attempt, t.project, t.name, c.claimed_at, c.used_user, c.used_infrastructure,
      c.used_output, c.used_unknown, c.used_out_of_memory, s.spec, c.topic_id, c.rank, c.run_at,
      c.topic_id = any(left_open)
    from claimed c join topics t on t.id = c.topic_id
    cross join lateral (
      select spec from job_specs where id = c.id and id >= first_id and id <= last_id limit 1) s;
end $$;

-- Ends the jobs of open attempts that are still this executor's: job and attempt move into history, the log is
-- kept, the slots of limited topics are freed. A job whose cancel was accepted ends cancelled, whatever happened,
-- for the reason that was given with the cancel.
-- As an attempt's id begins with its job's, the index by owner and attempt gives jobs in their lock order, whatever the
-- order of `ids`; counters come after them. The settings leave the planner that index, and a hash for the join of both (by
-- a loop, 500 ends would be 250,000 comparisons). Locking first and deleting later took a tenth more of the server's time.
-- The lease is checked by clock_timestamp() after the last lock of a job was got: now() is the transaction's start and let
-- an expired owner through 1.5 s late (measured). When it is over, JO001 undoes the whole transaction. An array that is null stands for nulls throughout;
-- (of `log_extents` for 'exact'); of `states`, `attempt_states` and `reasons`, which have no nulls, a single value stands for all. `starts` and `finishes` are milliseconds since 1970.
-- Gives the attempts that were ended (the same array where all were and `ids` ascend), and whether slots became free.
create function end_attempts(me uuid, ids uuid[], states text[], attempt_states text[], exit_codes integer[],
  starts float8[], finishes float8[], nodes text[], digests text[], failures text[], log_sizes bigint[],
  logs bytea[], log_extents text[], reasons text[], outputs text[], output_sizes integer[], output_digests text[], if_cancelled text)
returns table (applied uuid[], freed integer, of_dags boolean) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  ended uuid[];
  topics integer[];
  is_limited boolean;
begin
  freed := 0;

  with gone as (
    delete from jobs where owner = me and attempt_id = any(ids) returning *),
  finished as (
    insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
      used_infrastructure, used_output, used_unknown, used_out_of_memory, cancel_requested_at, dag_run_id, output,
      output_bytes, output_digest, failure, attempt_id, attempt_state, owner, runtime_id, object_uid, object_name,
      claimed_at, claimed_seq, claimed_by, launched_at, started_at, attempt_finished_at, exit_code, node, image_digest, log_bytes, ended_by, end_reason)
    select j.id, j.topic_id, e.state, j.rank, j.run_at, clock_timestamp(), j.event_seq + 1, j.attempt, j.used_user,
      j.used_infrastructure, j.used_output, j.used_unknown, j.used_out_of_memory, j.cancel_requested_at, j.dag_run_id,
      case e.state when 'completed' then x.output::json end,
      case e.state when 'completed' then x.output_bytes end,
      case e.state when 'completed' then x.output_digest end,
      case e.state when 'completed' then null when 'failed' then x.failure::json
        else jsonb_set(if_cancelled::jsonb, '{message}', to_jsonb(e.why))::json end,
      j.attempt_id, coalesce(x.attempt_state, attempt_states[1]), j.owner, j.runtime_id, o.uid, o.name, j.claimed_at,
      j.claimed_seq, j.claimed_by, j.launched_at, coalesce(j.started_at, to_timestamp(x.started_ms / 1000)), to_timestamp(x.finished_ms / 1000),
      x.exit_code, coalesce(x.node, j.node), x.image_digest, x.log_bytes,
      (select 'executor:' || name from executors where incarnation = me),
      case e.state when 'cancelled' then e.why else coalesce(x.reason, reasons[1]) end
    from gone j
    join unnest(ids, states, attempt_states, exit_codes, starts, finishes, nodes, digests, failures, log_sizes, reasons,
           outputs, output_sizes, output_digests)
      as x (attempt, state, attempt_state, exit_code, started_ms, finished_ms, node, image_digest, failure, log_bytes,
           reason, output, output_bytes, output_digest) on x.attempt = j.attempt_id
    cross join lateral (
      select case when j.cancel_requested_at is null then coalesce(x.state, states[1]) else 'cancelled' end as state,
        coalesce(nullif(j.cancel_reason, ''), 'cancelled as asked') as why
      offset 0) e
    left join lateral (select uid, name from runtime_objects where id = j.object_id limit 1) o on true
    returning id, attempt_id, topic_id, dag_run_id)
  select coalesce(array_agg(f.attempt_id), '{}'), array_agg(f.id), array_agg(f.topic_id), bool_or(f.dag_run_id is not null)
  into applied, ended, topics, of_dags
  from finished f;
  if applied = '{}' then return next; return; end if;
  select exists (select from topic_counters) into is_limited from executors e
  where e.incarnation = me and e.ended_at is null and e.lease_until > clock_timestamp();
  if not found then
    raise exception 'the lease of % is over', me using errcode = 'JO001';
  end if;

  if logs is not null then
    insert into log_tails (job_id, attempt_id, bytes, total_bytes, extent)
    select j.id, j.attempt, x.log, x.log_bytes, coalesce(x.extent, 'exact')
    from unnest(ids, logs, log_sizes, log_extents) as x (attempt, log, log_bytes, extent)
    join unnest(ended, applied) as j (id, attempt) on j.attempt = x.attempt
    where x.log is not null;
  end if;

  if is_limited then
    perform from topic_counters c where c.topic_id = any(topics) order by c.topic_id for update;
    update topic_counters c set taken = greatest(c.taken - n.ended, 0)
    from (select topic_id, count(*)::integer as ended from unnest(topics) as t (topic_id) group by 1) n
    where c.topic_id = n.topic_id;
    get diagnostics freed = row_count;
  end if;
  return next;
end $$;
