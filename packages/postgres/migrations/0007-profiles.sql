-- Profiles: where jobs may run and how large they may be, defined by administrators. Read at each submission and, by name,
-- at each launch of a job that has one; so no hot table grows for them. `definition`: all of it but its name.
create table profiles (
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  definition json not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

-- A topic has one default profile at most.
create table profile_topics (
  project text collate "C" not null,
  topic text collate "C" not null,
  profile text collate "C" not null,
  primary key (project, topic),
  foreign key (project, profile) references profiles on delete cascade
);
create index profile_topics_of_profile on profile_topics (project, profile);

-- Names for keys of Secrets. There is no column for a value, for none ever comes here.
create table secret_bindings (
  project text collate "C" not null references projects,
  name text collate "C" not null check (name <> ''),
  secret text not null check (secret <> ''),
  key text not null check (key <> ''),
  topics json not null,
  images json not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

-- Beside `images`, so that programs of before go on writing those: only images that need credentials have a row.
create table image_pull_secrets (
  project text collate "C" not null,
  name text collate "C" not null,
  secrets json not null,
  primary key (project, name)
);

-- The rules that a run began under, as its images; runs without profiles have no row.
create table dag_run_profiles (
  run_id uuid primary key references dag_runs on delete cascade,
  profiles json not null
);
