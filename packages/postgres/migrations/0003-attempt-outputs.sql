-- Outputs on their way: from which pod an open attempt's output may come, and what its collector delivered. A row exists
-- only for jobs that declare an output, and only until the end of the attempt, when the output moves into history; so no
-- hot table grows for it. `value` null: nothing was delivered yet.
create table attempt_outputs (
  attempt_id uuid primary key,
  job_id uuid not null,
  instance text collate "C" not null check (instance <> ''),
  value json,
  bytes integer check (bytes >= 0),
  digest text collate "C" check (digest ~ '^[0-9a-f]{64}$'),
  accepted_at timestamptz,
  constraint attempt_outputs_whole check (num_nulls(value, bytes, digest, accepted_at) in (0, 4))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
