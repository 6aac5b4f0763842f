-- What an executor sets aside, and the attempt that it has in hand while it is careful (docs/adr/0022). Apart from the lease:
-- that row is written at every beat, this one only when there is trouble.
create table executor_notes (
  incarnation uuid primary key references executors on delete cascade,
  set_aside json not null default '[]',
  in_hand uuid
);
