import type { Problem } from '../errors/problems.ts';
import { fieldPath } from '../json/check-json.ts';
import { categoryRules } from '../vocabulary/failures.ts';
import type { Resources } from '../vocabulary/job.ts';
import { parseQuantity } from '../vocabulary/quantity.ts';
import type { RetryPolicy } from '../vocabulary/retry-policy.ts';

type Path = readonly (string | number)[];

/** Rules that only mean something where `maxRetries` allows a retry. */
const rulesOfMaxRetries = ['on', 'backoff', 'memory'] as const;

const needsRetries = (retry: RetryPolicy, path: Path): Problem[] =>
  retry.maxRetries > 0
    ? []
    : rulesOfMaxRetries
        .filter((rule) => retry[rule] !== undefined)
        .map((rule) => ({
          field: fieldPath([...path, rule]),
          message: 'has no effect without retry.maxRetries of at least 1',
        }));

const selectorProblems = (retry: RetryPolicy, path: Path): Problem[] => {
  const unpaid = (retry.on?.categories ?? []).filter((category) => categoryRules[category].budget !== 'user');
  const paid = Object.entries(categoryRules).filter(([, { budget }]) => budget === 'user');
  const most = paid.map(([category]) => category).join(', ');
  return [
    ...unpaid.map((category) => ({
      field: fieldPath([...path, 'on', 'categories']),
      message: `may name what maxRetries pays for: ${most}`,
      limit: most,
      value: category,
    })),
    ...(['on', 'never'] as const)
      .filter((name) => retry[name] !== undefined && Object.values(retry[name] ?? {}).flat().length === 0)
      .map((name) => ({ field: fieldPath([...path, name]), message: 'must name categories or exitCodes' })),
  ];
};

const backoffProblems = ({ backoff }: RetryPolicy, path: Path): Problem[] =>
  backoff === undefined || backoff.baseSeconds <= backoff.capSeconds
    ? []
    : [
        {
          field: fieldPath([...path, 'backoff', 'baseSeconds']),
          message: `must not be more than capSeconds (${backoff.capSeconds})`,
          limit: backoff.capSeconds,
          value: String(backoff.baseSeconds),
        },
      ];

const memoryProblems = ({ memory }: RetryPolicy, resources: Resources | null, path: Path): Problem[] => {
  if (memory === undefined) return [];
  const field = fieldPath([...path, 'memory', 'cap']);
  const cap = parseQuantity(memory.cap);
  if (cap === null)
    return [{ field, message: 'must be a quantity such as 8Gi', value: memory.cap.slice(0, 64) }];
  const limit = resources?.limits?.['memory'];
  if (limit === undefined)
    return [{ field: fieldPath([...path, 'memory']), message: 'needs resources.limits.memory to grow from' }];
  const from = parseQuantity(limit);
  return from === null || from < cap
    ? []
    : [{ field, message: `must be more than resources.limits.memory (${limit})`, limit, value: memory.cap }];
};

/** What is wrong with a retry policy once the defaults and the image's resources are merged in. */
export const retryProblems = (
  retry: RetryPolicy,
  resources: Resources | null,
  path: Path,
): readonly Problem[] => [
  ...needsRetries(retry, path),
  ...selectorProblems(retry, path),
  ...backoffProblems(retry, path),
  ...memoryProblems(retry, resources, path),
];
