import { Type } from 'typebox';
import { errorCatalogue, type ErrorCode } from '../errors/catalogue.ts';
import { jobEventKinds } from '../vocabulary/job.ts';
import { runtimeKinds } from '../vocabulary/registry.ts';
import { attemptStates, jobStates, waitingReasons } from '../vocabulary/states.ts';
import * as part from './response-parts.ts';
import { retryRules } from './retry.ts';
import { ResourcesSchema } from './submission.ts';

const { Count, FailureSchema, Id, Json, JsonMap, StringMap, Strings, Timestamp, nullable, oneOf } = part;

const RuntimeObjectDto = Type.Object({ uid: Type.String(), name: Type.String() });
const Seconds = Type.Integer({ minimum: 1 });

export const JobSpecSchema = Type.Object(
  {
    name: nullable(Type.String()),
    image: Type.String(),
    imageReference: Type.String(),
    command: nullable(Strings),
    args: nullable(Strings),
    env: StringMap,
    inputs: nullable(JsonMap),
    output: Type.Boolean(),
    resources: nullable(ResourcesSchema),
    runAsUser: nullable(Type.Integer()),
    retry: Type.Object({ maxRetries: Count, infrastructureRetries: Count, ...retryRules }),
    deadlines: Type.Object({
      queueSeconds: Seconds,
      startSeconds: Seconds,
      runSeconds: Seconds,
      finalizeSeconds: Seconds,
    }),
    labels: StringMap,
    profile: Type.Optional(Type.String()),
    secretEnv: Type.Optional(StringMap),
    pullSecrets: Type.Optional(Strings),
    localQueue: Type.Optional(Type.String()),
  },
  { $id: 'JobSpec', title: 'What a job runs, complete with the defaults of its image' },
);

export const WaitingSchema = Type.Object(
  { reason: oneOf(waitingReasons), message: Type.String() },
  { $id: 'Waiting', title: 'Why something waits, as a code and as a sentence' },
);

export const AttemptSchema = Type.Object(
  {
    id: Id,
    jobId: Id,
    number: Type.Integer({ minimum: 1 }),
    state: oneOf(attemptStates),
    runtimeKey: Type.String(),
    object: nullable(RuntimeObjectDto),
    claimedAt: Timestamp,
    launchedAt: nullable(Timestamp),
    startedAt: nullable(Timestamp),
    finishedAt: nullable(Timestamp),
    closedAt: nullable(Timestamp),
    exitCode: nullable(Type.Integer()),
    failure: nullable(FailureSchema),
    node: nullable(Type.String()),
    imageDigest: nullable(
      Type.String({
        description:
          'The image that ran, as the node names it: `REPOSITORY@sha256:…` of one that was pulled, only a digest of one that was imported.',
      }),
    ),
    logBytes: nullable(Count),
    resources: nullable(ResourcesSchema),
  },
  { $id: 'Attempt', title: 'One attempt of a job' },
);
export type AttemptDto = part.Dto<typeof AttemptSchema>;

const jobBasics = {
  id: Id,
  project: Type.String(),
  topic: Type.String(),
  state: oneOf(jobStates),
  priority: Type.Integer(),
  createdAt: Timestamp,
  startedAt: nullable(Timestamp),
  finishedAt: nullable(Timestamp),
  /** When its newest attempt's program ended, by its runtime; `finishedAt` is when that was recorded. */
  attemptFinishedAt: nullable(Timestamp),
  attempt: Type.Integer({ minimum: 0, description: 'Number of the newest attempt; 0 before the first.' }),
  exitCode: nullable(Type.Integer()),
};

export const JobSummarySchema = Type.Object(
  { ...jobBasics, name: nullable(Type.String()), image: Type.String(), reason: nullable(Type.String()) },
  { $id: 'JobSummary', title: 'A job in a list' },
);
export type JobSummaryDto = part.Dto<typeof JobSummarySchema>;

export const JobDetailSchema = Type.Object(
  {
    ...jobBasics,
    spec: JobSpecSchema,
    createdBy: Type.String(),
    runAt: Timestamp,
    cancelRequestedAt: nullable(Timestamp),
    attemptState: nullable(oneOf(attemptStates)),
    retriesUsed: Type.Object({
      user: Count,
      infrastructure: Count,
      output: Count,
      unknown: Count,
      outOfMemory: Count,
    }),
    failure: nullable(FailureSchema),
    output: nullable(Type.Object({ value: Json, bytes: Count, digest: Type.String() })),
    retryOf: nullable(Id),
    rootJobId: nullable(Id),
    waitingFor: nullable(WaitingSchema),
    attempts: Type.Array(AttemptSchema),
    notes: Type.Array(Type.String(), { description: 'What a reader should know, in sentences.' }),
  },
  { $id: 'JobDetail', title: 'A job with its attempts, and why it waits' },
);
export type JobDetail = part.Dto<typeof JobDetailSchema>;

export const OutputEntrySchema = Type.Object(
  {
    name: Type.String(),
    contentType: Type.String(),
    bytes: Count,
    digest: Type.String({ description: 'sha-256, hex' }),
  },
  { $id: 'OutputEntry', title: 'An output file of a job' },
);
export type OutputEntryDto = part.Dto<typeof OutputEntrySchema>;

export const EventSchema = Type.Object(
  {
    jobId: Id,
    seq: Type.Integer({ minimum: 1, description: 'Rises by one within a job, without gaps.' }),
    at: Timestamp,
    kind: oneOf(jobEventKinds),
    attempt: nullable(Type.Integer()),
    actor: Type.String(),
    reason: Type.String(),
    data: JsonMap,
  },
  { $id: 'JobEvent', title: "One line of a job's story" },
);
export type EventDto = part.Dto<typeof EventSchema>;

export const ImageSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    reference: Type.String(),
    command: nullable(Strings),
    args: nullable(Strings),
    env: StringMap,
    resources: nullable(ResourcesSchema),
    labels: StringMap,
    runAsUser: nullable(Type.Integer()),
    pullSecrets: Type.Optional(Strings),
    active: Type.Boolean(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { $id: 'Image', title: 'An entry of the image registry' },
);
export type ImageDto = part.Dto<typeof ImageSchema>;

export const TopicSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    paused: Type.Boolean(),
    limit: nullable(Count),
    scheduled: Count,
    pending: Count,
    claimed: Count,
    running: Count,
    oldestPendingAt: nullable(Timestamp),
  },
  { $id: 'Topic', title: 'A topic with what stands in it now' },
);
export type TopicDto = part.Dto<typeof TopicSchema>;

export const ExecutorSchema = Type.Object(
  {
    incarnation: Id,
    name: Type.String(),
    runtimeKind: oneOf(runtimeKinds),
    runtimeKey: Type.String(),
    topics: nullable(Strings),
    maxRunning: Count,
    version: Type.String(),
    startedAt: Timestamp,
    beatAt: Timestamp,
    live: Type.Boolean({ description: 'True while its lease is valid.' }),
    draining: Type.Boolean(),
    running: Count,
    setAside: Type.Array(
      Type.Object({
        kind: oneOf(['attempt', 'object']),
        jobId: nullable(Id),
        name: Type.String(),
        message: Type.String(),
      }),
      { description: 'What it cannot work on and leaves where it is; at most 50.' },
    ),
  },
  { $id: 'Executor', title: 'A process that claims and runs jobs' },
);
export type ExecutorDto = part.Dto<typeof ExecutorSchema>;

/** RFC 9457. The client builds an `OrchestratorError` from it. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'urn:job-orchestrator:error:CODE' }),
    title: Type.String(),
    status: Type.Integer(),
    code: oneOf(Object.keys(errorCatalogue) as ErrorCode[]),
    detail: Type.String(),
    hint: Type.String(),
    problems: Type.Array(
      Type.Object({
        field: Type.String(),
        message: Type.String(),
        limit: Type.Optional(Type.Union([Type.Number(), Type.String()])),
        value: Type.Optional(Type.String()),
        more: Type.Optional(
          Type.Integer({ minimum: 1, description: 'This last one stands for so many that are not told.' }),
        ),
      }),
    ),
    requestId: Type.Optional(Type.String()),
  },
  { $id: 'Problem', title: 'What was wrong, where, and what to do (RFC 9457)' },
);
