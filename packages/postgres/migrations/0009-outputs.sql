-- The files that a job leaves beside its result, as it wrote them. They lie where they stay from the moment they are
-- delivered, before the end of their attempt: nothing is copied, and only those of the attempt that completed its job are
-- shown. The result itself stays with its job. Removed by month, with the rest of history.
create table output_files (
  job_id uuid not null,
  attempt_id uuid not null,
  name text collate "C" not null,
  digest text collate "C" not null check (digest ~ '^[0-9a-f]{64}$'),
  content bytea not null,
  primary key (job_id, attempt_id, name)
) partition by range (job_id);
create table output_files_default partition of output_files default;

-- What is delivered has a digest of its own, over result and files; `accepted_digest` null, as programs before this
-- version write it: that of the result. A job may leave files and no result.
alter table attempt_outputs
  add column accepted_digest text collate "C",
  drop constraint attempt_outputs_whole,
  add constraint attempt_outputs_whole check (
    num_nulls(value, bytes, digest) in (0, 3) and (accepted_at is not null or (value is null and accepted_digest is null)));

-- As before, with one table more.
create or replace function ensure_partitions(first date, months integer) returns integer language plpgsql as $$
declare
  parent record;
  month date;
  part text;
  taken boolean;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(7266316001);
  for parent in select * from (values ('job_specs', 'id'), ('finished_jobs', 'id'), ('attempts', 'job_id'),
                               ('events', 'job_id'), ('log_tails', 'job_id'), ('output_files', 'job_id')) as p (tab, col) loop
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
