-- What a person decided about a job that had failed for good; a failed job without a decision waits for one. Append-only,
-- and one for each job: of two people who redrive the same job at once, one does. A terminal state never changes by it.
create table dead_letter_decisions (
  job_id uuid primary key,
  kind text not null check (kind in ('redriven', 'discarded')),
  new_job_id uuid,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  reason text not null,
  constraint dead_letter_decisions_redriven_as check ((kind = 'redriven') = (new_job_id is not null))
);
