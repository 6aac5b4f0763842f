-- min_compatible: 11
-- Results that are used again. A program that does not know them would leave node runs waiting for ever whose result is
-- there already.

-- What the node run would do, as sha-256 (hex), where its node has `cache`. There is no other table: an entry is a node run
-- that completed, and goes with its run.
alter table node_runs add column cache_key text collate "C";
create index node_runs_cache on node_runs (cache_key, finished_at desc)
  where cache_key is not null and state = 'completed' and kept_from is null;
-- Those that a step found a result for, and that the next one ends.
create index node_runs_reused on node_runs (run_id) where kept_from is not null and state = 'running';

-- True: the run looks for no results in the cache; its own are kept there.
alter table dag_runs add column no_cache boolean not null default false;

-- What a run takes over of the earlier one that it repairs, inside of nodes that run again; null: nothing.
alter table dag_runs add column repair json;
-- Why a node runs again that an earlier run had. `prior`: how the item ended in the run that this one repairs, noted when
-- the items became known: it is taken, or its sub-DAG is run on from, when its turn comes.
alter table node_runs add column again text, add column prior json;
