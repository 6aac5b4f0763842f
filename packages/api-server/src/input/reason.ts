import { limits, schemaProblems, type WriteContext } from '@job-orchestrator/types';
import { Type } from 'typebox';
import { refuse } from './parameters.ts';

/** The body of a request that may say why. */
export const ReasonBody = Type.Object(
  { reason: Type.Optional(Type.String({ minLength: 1, maxLength: limits.reasonChars })) },
  { additionalProperties: false, $id: 'Reason', title: 'Why; stored with the change' },
);

const problemsOf = schemaProblems(ReasonBody);

/** Who acts and why. There is one token so far, so the actor is the API; `doing` stands in for a reason. */
export const writeContext = (doing: string, body: unknown = {}): WriteContext => {
  refuse(problemsOf(body));
  const { reason } = body as { readonly reason?: string };
  return { actor: 'api', reason: reason ?? doing };
};
