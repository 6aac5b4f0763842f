import { schemaProblems, type WriteContext } from '@job-orchestrator/types';
import { Type } from 'typebox';
import { refuse } from './parameters.ts';
import { ReasonBody, writeContext } from './reason.ts';

/** The body of a request that runs a job again. */
export const RetryBody = Type.Object(
  {
    ...ReasonBody.properties,
    currentImage: Type.Optional(
      Type.Boolean({
        description:
          'Run what the image refers to now. Unless given, what it referred to when the old job was submitted.',
      }),
    ),
  },
  { additionalProperties: false, $id: 'Retry', title: 'How to run a job again, and why' },
);

const problemsOf = schemaProblems(RetryBody);

export const readRetry = (body: unknown = {}): { currentImage: boolean; why: WriteContext } => {
  refuse(problemsOf(body));
  const { currentImage = false, ...reason } = body as { readonly currentImage?: boolean };
  return { currentImage, why: writeContext('retried by a user', reason) };
};
