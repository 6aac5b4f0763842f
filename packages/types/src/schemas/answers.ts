import { Type } from 'typebox';
import { runtimeKinds } from '../vocabulary/registry.ts';
import { attemptStates, jobStates } from '../vocabulary/states.ts';
import { Count, Id, listOf, nullable, oneOf, pageOf, type Dto } from './response-parts.ts';
import {
  AttemptSchema,
  EventSchema,
  ExecutorSchema,
  ImageSchema,
  JobSummarySchema,
  OutputEntrySchema,
  TopicSchema,
} from './responses.ts';

export const JobPageSchema = pageOf('JobPage', JobSummarySchema);
export type JobPage = Dto<typeof JobPageSchema>;

export const ImagePageSchema = pageOf('ImagePage', ImageSchema);
export type ImagePage = Dto<typeof ImagePageSchema>;

export const AttemptListSchema = listOf('AttemptList', AttemptSchema);
export type AttemptList = Dto<typeof AttemptListSchema>;

export const OutputListSchema = listOf('OutputList', OutputEntrySchema);
export type OutputList = Dto<typeof OutputListSchema>;

export const EventListSchema = listOf('EventList', EventSchema);
export type EventList = Dto<typeof EventListSchema>;

export const TopicListSchema = listOf('TopicList', TopicSchema);
export type TopicList = Dto<typeof TopicListSchema>;

export const ExecutorListSchema = listOf('ExecutorList', ExecutorSchema);
export type ExecutorList = Dto<typeof ExecutorListSchema>;

export const SubmitAnswerSchema = Type.Object(
  {
    jobs: Type.Array(Type.Object({ id: Id, state: oneOf(jobStates) })),
    replayed: Type.Boolean({
      description: 'True when an earlier request with the same key stored these jobs.',
    }),
    notices: Type.Array(Type.String(), { description: 'What the submitter should know, in sentences.' }),
  },
  { $id: 'SubmitAnswer', title: 'The jobs that exist now, in the order of the request' },
);
export type SubmitAnswer = Dto<typeof SubmitAnswerSchema>;

export const CancelAnswerSchema = Type.Object(
  { answer: oneOf(['accepted', 'too_late'] as const), state: oneOf(jobStates) },
  { $id: 'CancelAnswer', title: '`accepted`: it will end cancelled. `too_late`: it has ended already' },
);
export type CancelAnswerDto = Dto<typeof CancelAnswerSchema>;

export const RetryAnswerSchema = Type.Object(
  {
    id: Id,
    imageChange: nullable(
      Type.Object(
        { from: Type.String(), to: Type.String() },
        { description: 'What the image referred to before, and what the new job runs; null: the same.' },
      ),
    ),
  },
  { $id: 'RetryAnswer', title: 'The new job' },
);
export type RetryAnswer = Dto<typeof RetryAnswerSchema>;

export const InstallationSchema = Type.Object(
  {
    installation: Id,
    version: Type.String(),
    runtime: oneOf(runtimeKinds),
    database: oneOf(['postgres', 'embedded'] as const),
  },
  { $id: 'Installation', title: 'What answers here' },
);
export type InstallationDto = Dto<typeof InstallationSchema>;

export const ReadinessSchema = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Optional(
      Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), milliseconds: Type.Number() })),
    ),
  },
  { $id: 'Readiness', title: 'Whether requests can be served now; `checks` with `?verbose`' },
);
export type Readiness = Dto<typeof ReadinessSchema>;

/** The first event of each attempt whose log is followed. */
export const LogAttemptSchema = Type.Object(
  { attempt: Type.Integer({ minimum: 1 }) },
  { $id: 'LogAttempt', title: 'From here on the log is that of this attempt' },
);

export const LogTextSchema = Type.Object(
  { text: Type.String() },
  { $id: 'LogText', title: 'A piece of the log; bytes that are not UTF-8 are replaced by U+FFFD' },
);

export const LogGapSchema = Type.Object(
  {
    bytes: nullable(Count),
    atLeast: Type.Optional(Type.Literal(true, { description: 'So many bytes or more are missing.' })),
  },
  {
    $id: 'LogGap',
    title:
      'So many bytes of the log were rotated away or not kept, and are missing here; null: nobody knows how many',
  },
);

export const LogEndSchema = Type.Object(
  {
    state: oneOf(jobStates),
    attempt: Type.Integer({
      minimum: 0,
      description: 'The last attempt that was followed; 0 if none began.',
    }),
    attemptState: nullable(oneOf(attemptStates)),
    exitCode: nullable(Type.Integer()),
  },
  { $id: 'LogEnd', title: 'The end of a followed log, with the state of the job' },
);
export type LogEnd = Dto<typeof LogEndSchema>;
