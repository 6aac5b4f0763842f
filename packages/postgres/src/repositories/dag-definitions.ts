import {
  invalidInput,
  nodePlace,
  type DagGraph,
  type DagRepository,
  type RemoveDagAnswer,
  type SubDagNode,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import { noteChange } from '../sql/changes.ts';
import * as definitions from '../sql/dags/definitions.ts';
import { dagsAbove, lockLiveDag, markDeleted, schedulesOf } from '../sql/dags/remove.ts';
import { pageOf } from './cursors.ts';

type DagDefinitions = Pick<DagRepository, 'apply' | 'getVersion' | 'list' | 'listVersions' | 'remove'>;

/** The nodes that run the newest version of another DAG. */
const subDagNodes = ({ nodes }: DagGraph): readonly SubDagNode[] =>
  nodes.filter((node) => node.kind === 'dag').filter(({ dag }) => dag.version === null);

/** Refuses DAGs below that were deleted since they were looked up. */
const refuseDeleted = (nodes: readonly SubDagNode[], deleted: ReadonlySet<string>): void => {
  const problems = nodes
    .filter(({ dag }) => deleted.has(dag.name))
    .map((node) => ({
      field: `${nodePlace(node)}.dag.name`,
      message: 'names a DAG that has just been deleted',
      value: node.dag.name,
    }));
  if (problems.length > 0) throw invalidInput(problems);
};

const apply = (store: Store, ...[dag, context]: Parameters<DagRepository['apply']>) =>
  store.transaction(async (sql) => {
    const nodes = subDagNodes(dag.graph);
    const names = nodes.map((node) => node.dag.name);
    const locked = await definitions.lockDags(sql, dag.project, dag.name, names);
    const deleted = locked.below.filter((below) => below.deleted).map(({ name }) => name);
    refuseDeleted(nodes, new Set(deleted));
    const { id, version } = locked.dag;
    if ((await definitions.digestOf(sql, id, version)) === dag.digest) return { version, created: false };
    await definitions.insertVersion(sql, id, version + 1, dag, context);
    return { version: version + 1, created: true };
  });

const remove = (store: Store, ...[project, name, context]: Parameters<DagRepository['remove']>) =>
  store.transaction(async (sql): Promise<RemoveDagAnswer> => {
    const id = await lockLiveDag(sql, project, name);
    if (id === null) return { kind: 'absent' };
    const [schedules, dags] = [await schedulesOf(sql, id), await dagsAbove(sql, id)];
    if (schedules.length + dags.length > 0) return { kind: 'in_use', schedules, dags };
    await markDeleted(sql, id);
    await noteChange(sql, 'dag_deleted', project, name, context);
    return { kind: 'removed' };
  });

/** Definitions of DAGs on one database. */
export const createDagDefinitions = (store: Store): DagDefinitions => ({
  apply: (...request) => withRetries('repeatable', () => apply(store, ...request)),
  remove: (...request) => withRetries('once', () => remove(store, ...request)),
  getVersion: (...request) => withRetries('repeatable', () => definitions.readVersion(store, ...request)),
  list: (project, page) =>
    pageOf(
      page,
      (after, limit) =>
        withRetries('repeatable', () =>
          definitions.listDags(store, project, [after?.[0] ?? '', after?.[1] ?? ''], limit),
        ),
      (dag) => [dag.project, dag.name],
      ['name', 'name'],
    ),
  listVersions: (project, name, page) =>
    pageOf(
      page,
      (after, limit) => {
        const before = after === null ? null : Number(after[0]) || 0;
        return withRetries('repeatable', () => definitions.listVersions(store, project, name, before, limit));
      },
      ({ version }) => [String(version)],
      ['name'],
    ),
});
