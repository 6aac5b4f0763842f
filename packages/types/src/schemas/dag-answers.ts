import { Type } from 'typebox';
import { approvalStates } from '../ports/dags.ts';
import { nodeReasons } from '../vocabulary/dag-run.ts';
import { dagRunStates, nodeRunStates } from '../vocabulary/dag.ts';
import { jobStates } from '../vocabulary/states.ts';
import { Count, Id, JsonMap, nullable, oneOf, pageOf, Timestamp, type Dto } from './response-parts.ts';
import { limits } from '../vocabulary/limits.ts';

const startedRun = {
  id: Id,
  version: Type.Integer({ minimum: 1 }),
  replayed: Type.Boolean({
    description: 'True when an earlier request with the same key started this run.',
  }),
};

export const StartedRunSchema = Type.Object(startedRun, {
  $id: 'StartedRun',
  title: 'The run that was started',
});
export type StartedRunDto = Dto<typeof StartedRunSchema>;

export const RepairedRunSchema = Type.Object(
  {
    ...startedRun,
    kept: Type.Integer({ minimum: 0, description: 'Nodes whose ends it keeps.' }),
    again: Type.Integer({ minimum: 0, description: 'Nodes that run again.' }),
    because: Type.Array(Type.Object({ node: Type.String(), why: Type.String() }), {
      description:
        'The first 20 of those that run again for more than the sake of others, in the order of the graph.',
    }),
    outputs: nullable(
      Type.String({
        description: "Why the DAG's own outputs change, whatever its nodes do: inputs that they read.",
      }),
    ),
  },
  { $id: 'RepairedRun', title: 'The run that runs parts of another again' },
);
export type RepairedRunDto = Dto<typeof RepairedRunSchema>;

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
    attemptStartedAt: nullable(Timestamp),
    attemptFinishedAt: nullable(Timestamp),
    childRun: nullable(Id),
    approval: nullable(ApprovalSchema),
    keptFrom: nullable(Id),
    again: nullable(
      Type.String({ description: 'Why it runs again, in a run that keeps ends of an earlier one.' }),
    ),
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
