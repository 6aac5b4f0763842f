import { Type } from 'typebox';
import { failureCategories, type FailureCategory } from '../vocabulary/failures.ts';
import { limits } from '../vocabulary/limits.ts';

const strict = { additionalProperties: false } as const;

const selector = (description: string) =>
  Type.Object(
    {
      categories: Type.Optional(
        Type.Array(Type.Unsafe<FailureCategory>({ type: 'string', enum: [...failureCategories] }), {
          maxItems: failureCategories.length,
        }),
      ),
      exitCodes: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 255 }), { maxItems: 255 })),
    },
    { ...strict, description },
  );

const BackoffSeconds = Type.Integer({ minimum: 0, maximum: limits.backoffSeconds });

/** What of a retry policy is the same as it is submitted and as it is stored; docs/retries.md explains it. */
export const retryRules = {
  on: Type.Optional(selector('Of the failures that maxRetries pays for, only these are retried.')),
  never: Type.Optional(selector('These are never retried; it wins over everything else.')),
  backoff: Type.Optional(
    Type.Object(
      { baseSeconds: BackoffSeconds, capSeconds: BackoffSeconds },
      {
        ...strict,
        description: 'The wait before retry n of maxRetries: uniform in [0, min(cap, base · 2ⁿ)).',
      },
    ),
  ),
  memory: Type.Optional(
    Type.Object(
      {
        factor: Type.Number({ minimum: 1.1, maximum: limits.memoryFactor }),
        cap: Type.String({ description: 'A quantity, such as 8Gi.' }),
      },
      {
        ...strict,
        description: 'After each out_of_memory the memory is multiplied by the factor, up to the cap.',
      },
    ),
  ),
  onNodeLost: Type.Optional(
    Type.Unsafe<'wait' | 'rerun'>({
      type: 'string',
      enum: ['wait', 'rerun'],
      description:
        'When a node vanishes: wait for it, or run again at the risk that the old program still runs.',
    }),
  ),
} as const;

/** How often a job is tried again, and what of, as people submit it. */
export const RetrySchema = Type.Object(
  {
    maxRetries: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.maxRetries })),
    infrastructureRetries: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.infrastructureRetries })),
    ...retryRules,
  },
  strict,
);
