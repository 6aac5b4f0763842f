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
