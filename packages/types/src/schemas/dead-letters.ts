import { Type } from 'typebox';
import { failureCategories, failureReasons, type FailureReason } from '../vocabulary/failures.ts';
import { limits } from '../vocabulary/limits.ts';
import { Count, Id, oneOf, pageOf, type Dto } from './response-parts.ts';
import { JobSummarySchema } from './responses.ts';
import { Name } from './submission.ts';

const strict = { additionalProperties: false } as const;
const Selector = Type.String({ minLength: 1, maxLength: 64 });

export const DeadLetterSchema = Type.Object(
  { ...JobSummarySchema.properties, category: oneOf(failureCategories), message: Type.String() },
  { $id: 'DeadLetter', title: 'A job that failed for good and waits for a person' },
);
export type DeadLetterDto = Dto<typeof DeadLetterSchema>;

export const DeadLetterPageSchema = pageOf('DeadLetterPage', DeadLetterSchema);
export type DeadLetterPage = Dto<typeof DeadLetterPageSchema>;

/** How dead letters are narrowed, in a query and in a body alike. */
export const deadLetterFilter = {
  project: Type.Optional(Name),
  topic: Type.Optional(Name),
  image: Type.Optional(Name),
  category: Type.Optional(oneOf(failureCategories)),
  failure: Type.Optional(oneOf(Object.keys(failureReasons) as FailureReason[])),
} as const;

const selection = {
  jobs: Type.Optional(
    Type.Array(Selector, { minItems: 1, maxItems: limits.deadLettersPerRequest, description: 'Only these.' }),
  ),
  ...deadLetterFilter,
  labels: Type.Optional(Type.Record(Type.String(), Type.String(), strict)),
  all: Type.Optional(Type.Boolean({ description: 'Needed where nothing else narrows.' })),
  dryRun: Type.Optional(Type.Boolean({ description: 'Only count; change nothing.' })),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.deadLettersPerRequest,
      description: 'At most so many at once.',
    }),
  ),
  by: Type.String({ minLength: 1, maxLength: limits.actorChars, description: 'The person who decides.' }),
  reason: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.reasonChars,
      description: 'Why; stored with the decision. Needed unless `dryRun` is true.',
    }),
  ),
} as const;

export const RedriveRequestSchema = Type.Object(
  {
    ...selection,
    ratePerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000,
        description: 'How fast the new jobs become due; all at once unless given.',
      }),
    ),
    currentImage: Type.Optional(
      Type.Boolean({
        description:
          'Run what the image refers to now. Unless given, what it referred to when the old job was submitted.',
      }),
    ),
  },
  { ...strict, $id: 'RedriveRequest', title: 'Which dead letters to run again, as new jobs' },
);
export type RedriveRequest = Dto<typeof RedriveRequestSchema>;

export const DiscardRequestSchema = Type.Object(selection, {
  ...strict,
  $id: 'DiscardRequest',
  title: 'Which dead letters nobody needs to look at any more',
});
export type DiscardRequest = Dto<typeof DiscardRequestSchema>;

export const RedriveAnswerSchema = Type.Object(
  {
    matched: Type.Integer({ minimum: 0, description: 'How many fitted before anything was done.' }),
    jobs: Type.Array(Type.Object({ id: Id, retryOf: Id }), { description: 'The new jobs.' }),
  },
  { $id: 'RedriveAnswer', title: 'What was redriven' },
);
export type RedriveAnswer = Dto<typeof RedriveAnswerSchema>;

export const DiscardAnswerSchema = Type.Object(
  { matched: Count, jobs: Type.Array(Id, { description: 'The discarded jobs.' }) },
  { $id: 'DiscardAnswer', title: 'What was discarded' },
);
export type DiscardAnswer = Dto<typeof DiscardAnswerSchema>;
