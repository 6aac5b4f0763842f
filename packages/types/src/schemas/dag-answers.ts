import { Type } from 'typebox';
import { approvalStates } from '../ports/dags.ts';
import { nodeReasons } from '../vocabulary/dag-run.ts';
import { dagRunStates, nodeRunStates } from '../vocabulary/dag.ts';
import { jobStates } from '../vocabulary/states.ts';
import type { JsonObject } from '../json/json-value.ts';
import { Count, Id, JsonMap, nullable, oneOf, pageOf, Timestamp, type Dto } from './response-parts.ts';
import { limits } from '../vocabulary/limits.ts';

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

export const RunPlanSchema = Type.Object(
  {
    project: Type.String(),
    dag: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    inputs: nullable(
      Type.Unsafe<JsonObject>({
        type: 'object',
        additionalProperties: true,
        description: 'With the defaults of what was not given; null: they are refused.',
      }),
    ),
    refusals: Type.Array(
      Type.Object({
        code: Type.String({ description: 'The error that a start would answer.' }),
        field: Type.String(),
        message: Type.String(),
        value: nullable(Type.String()),
      }),
      { description: 'Why a start would be refused; empty: it would not.' },
    ),
    images: Type.Array(
      Type.Object({
        name: Type.String(),
        reference: nullable(Type.String({ description: 'null: nobody registered it.' })),
        registered: Type.Boolean({ description: 'False: a start registers it, where it may.' }),
        pinned: Type.Boolean({ description: 'By its digest: it cannot change.' }),
      }),
    ),
    dags: Type.Array(Type.Object({ name: Type.String(), version: Type.Integer({ minimum: 1 }) }), {
      description: 'The versions that sub-DAGs without one would have.',
    }),
    nodes: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: oneOf(['job', 'approval', 'dag'] as const),
        level: Type.Integer({
          minimum: 0,
          description: 'How many nodes must end one after the other before it.',
        }),
        final: Type.Boolean(),
        needs: Type.Array(Type.String()),
        will: oneOf(['run', 'skip', 'fail', 'open'] as const),
        reason: nullable(oneOf(nodeReasons)),
        message: nullable(Type.String()),
        items: nullable(Count),
        image: nullable(Type.String()),
        dag: nullable(Type.Object({ name: Type.String(), version: nullable(Type.Integer({ minimum: 1 })) })),
        profile: nullable(Type.String()),
        cached: Type.Boolean({ description: 'It may take an earlier result.' }),
      }),
      { description: 'In the order of the graph, foreseen as if everything that runs completes.' },
    ),
  },
  { $id: 'RunPlan', title: 'What a run would do; nothing was written' },
);
export type RunPlanDto = Dto<typeof RunPlanSchema>;

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
    parent: nullable(
      Type.Object(
        { run: Id, name: Type.String(), item: nullable(Count) },
        { description: 'The node that this run of a sub-DAG belongs to.' },
      ),
    ),
    schedule: nullable(Type.String({ description: 'The schedule that started it.' })),
    scheduledAt: nullable(Timestamp),
    backfillId: nullable(Id),
    heldTopic: nullable(Type.String({ description: 'A topic without room for more of its jobs.' })),
    open: Type.Integer({ minimum: 0, description: 'Nodes that have not ended.' }),
  },
  { $id: 'DagRun', title: 'One execution of a DAG' },
);
export type DagRunDto = Dto<typeof DagRunSchema>;

export const DagRunPageSchema = pageOf('DagRunPage', DagRunSchema);
export type DagRunPage = Dto<typeof DagRunPageSchema>;

const approval = {
  message: Type.String({ description: 'What the person is asked.' }),
  state: oneOf(approvalStates),
  askedAt: Timestamp,
  expiresAt: Timestamp,
  answeredAt: nullable(Timestamp),
  answeredBy: nullable(Type.String()),
  note: nullable(Type.String()),
};

export const ApprovalSchema = Type.Object(approval, {
  $id: 'Approval',
  title: 'What a node asked a person, and what came of it',
});
export type ApprovalDto = Dto<typeof ApprovalSchema>;

export const ApprovalSummarySchema = Type.Object(
  {
    run: Id,
    node: Type.String(),
    project: Type.String(),
    dag: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    ...approval,
  },
  { $id: 'ApprovalSummary', title: 'An approval that waits for an answer' },
);
export type ApprovalSummaryDto = Dto<typeof ApprovalSummarySchema>;

export const ApprovalPageSchema = pageOf('ApprovalPage', ApprovalSummarySchema);
export type ApprovalPage = Dto<typeof ApprovalPageSchema>;

export const AnswerBodySchema = Type.Object(
  {
    by: Type.String({ minLength: 1, maxLength: limits.actorChars, description: 'The person who answers.' }),
    note: Type.Optional(
      Type.String({ minLength: 1, maxLength: limits.reasonChars, description: 'Why; kept with the answer.' }),
    ),
  },
  { additionalProperties: false, $id: 'AnswerBody', title: 'Who answers an approval, and why' },
);
export type AnswerBody = Dto<typeof AnswerBodySchema>;

export const GivenAnswerSchema = Type.Object(
  {
    first: Type.Boolean({ description: 'False: the same answer was given before, as it stands here.' }),
    approval: ApprovalSchema,
  },
  { $id: 'GivenAnswer', title: 'The answer that counts' },
);
export type GivenAnswerDto = Dto<typeof GivenAnswerSchema>;

export const NodeRunSchema = Type.Object(
  {
    node: Count,
    item: nullable(Count),
    name: Type.String(),
    state: oneOf(nodeRunStates),
    reason: nullable(oneOf(nodeReasons)),
    message: nullable(Type.String()),
    jobId: nullable(Id),
    jobState: nullable(oneOf(jobStates)),
    attempt: nullable(Count),
    childRun: nullable(Id),
    approval: nullable(ApprovalSchema),
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

export const RunEndSchema = Type.Object(
  { state: oneOf(dagRunStates) },
  { $id: 'RunEnd', title: 'The end of a followed run' },
);
export type RunEnd = Dto<typeof RunEndSchema>;
