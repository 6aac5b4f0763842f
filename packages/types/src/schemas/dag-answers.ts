import { Type } from 'typebox';
import { nodeReasons } from '../vocabulary/dag-run.ts';
import { dagRunStates, nodeRunStates } from '../vocabulary/dag.ts';
import { Count, Id, JsonMap, nullable, oneOf, pageOf, Timestamp, type Dto } from './response-parts.ts';

export const AppliedDagSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    created: Type.Boolean({ description: 'False: the newest version says the same already.' }),
  },
  { $id: 'AppliedDag', title: 'The version that the definition is' },
);
export type AppliedDagDto = Dto<typeof AppliedDagSchema>;

export const DagSummarySchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    nodes: Count,
    createdAt: Timestamp,
    createdBy: Type.String(),
  },
  { $id: 'DagSummary', title: 'A DAG at its newest version' },
);
export type DagSummaryDto = Dto<typeof DagSummarySchema>;

export const DagPageSchema = pageOf('DagPage', DagSummarySchema);
export type DagPage = Dto<typeof DagPageSchema>;

export const StartedRunSchema = Type.Object(
  {
    id: Id,
    version: Type.Integer({ minimum: 1 }),
    replayed: Type.Boolean({
      description: 'True when an earlier request with the same key started this run.',
    }),
  },
  { $id: 'StartedRun', title: 'The run that was started' },
);
export type StartedRunDto = Dto<typeof StartedRunSchema>;

export const DagRunSchema = Type.Object(
  {
    id: Id,
    project: Type.String(),
    dag: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    state: oneOf(dagRunStates),
    inputs: JsonMap,
    outputs: nullable(JsonMap),
    stopping: nullable(oneOf(['cancelled', 'fail_fast', 'deadline'] as const)),
    message: nullable(Type.String()),
    createdAt: Timestamp,
    createdBy: Type.String(),
    reason: Type.String(),
    startedAt: nullable(Timestamp),
    finishedAt: nullable(Timestamp),
    deadlineAt: Timestamp,
    pausedAt: nullable(Timestamp),
    cancelRequestedAt: nullable(Timestamp),
    retryOf: nullable(Id),
    open: Type.Integer({ minimum: 0, description: 'Nodes that have not ended.' }),
  },
  { $id: 'DagRun', title: 'One execution of a DAG' },
);
export type DagRunDto = Dto<typeof DagRunSchema>;

export const DagRunPageSchema = pageOf('DagRunPage', DagRunSchema);
export type DagRunPage = Dto<typeof DagRunPageSchema>;

export const NodeRunSchema = Type.Object(
  {
    node: Count,
    item: nullable(Count),
    name: Type.String(),
    state: oneOf(nodeRunStates),
    reason: nullable(oneOf(nodeReasons)),
    message: nullable(Type.String()),
    jobId: nullable(Id),
    keptFrom: nullable(Id),
    items: nullable(
      Type.Object({ total: Count, started: Count, completed: Count, failed: Count, cancelled: Count }),
    ),
    startedAt: nullable(Timestamp),
    finishedAt: nullable(Timestamp),
  },
  { $id: 'NodeRun', title: 'One node in a run, or one item of a node with forEach' },
);
export type NodeRunDto = Dto<typeof NodeRunSchema>;

export const NodeRunPageSchema = pageOf('NodeRunPage', NodeRunSchema);
export type NodeRunPage = Dto<typeof NodeRunPageSchema>;

export const RunChangeSchema = Type.Object(
  { answer: oneOf(['accepted', 'too_late'] as const), state: oneOf(dagRunStates) },
  { $id: 'RunChange', title: '`too_late`: the run had ended already, in this state' },
);
export type RunChangeDto = Dto<typeof RunChangeSchema>;
