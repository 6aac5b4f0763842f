import type { Problem } from '../errors/orchestrator-error.ts';
import { fieldPath } from '../json/check-json.ts';
import { parseQuantity } from '../vocabulary/quantity.ts';
import type { Resources } from '../vocabulary/job.ts';

type Path = readonly (string | number)[];

interface Bound {
  /** Thousandths. */
  readonly least: bigint;
  readonly most: bigint;
  readonly says: string;
}

const mebibyte = 1_024n ** 2n * 1_000n;

/** Plausible bounds, so that `100M` cores (for `100m`) or `512m` bytes of memory (for `512Mi`) are caught here. */
const bounds: Readonly<Record<string, Bound>> = {
  cpu: { least: 1n, most: 10_000_000n, says: 'between 1m and 10000 cores; 100m is a tenth of a core' },
  memory: {
    least: mebibyte,
    most: mebibyte * 1_024n ** 3n,
    says: 'between 1Mi and 1Pi bytes; 512Mi is half a gibibyte',
  },
  'ephemeral-storage': { least: mebibyte, most: mebibyte * 1_024n ** 3n, says: 'between 1Mi and 1Pi bytes' },
};

const extendedName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const wholeCount: Bound = {
  least: 1_000n,
  most: 1_000_000_000n,
  says: 'a whole number between 1 and 1000000',
};

const boundOf = (name: string): Bound | null =>
  bounds[name] ?? (extendedName.test(name) && name.length <= 253 ? wholeCount : null);

const quantityProblem = (name: string, text: string): Omit<Problem, 'field'> | null => {
  const bound = boundOf(name);
  if (bound === null)
    return {
      message: 'is not a resource: use cpu, memory, ephemeral-storage or vendor.example/name',
      value: name,
    };
  const value = parseQuantity(text);
  const fits = value !== null && value >= bound.least && value <= bound.most;
  const whole = bound !== wholeCount || (value !== null && value % 1_000n === 0n);
  return fits && whole ? null : { message: `must be ${bound.says}`, limit: bound.says, value: text };
};

const quantitiesProblems = (quantities: Readonly<Record<string, string>>, path: Path): Problem[] =>
  Object.entries(quantities).flatMap(([name, text]) => {
    const problem = quantityProblem(name, text);
    return problem === null ? [] : [{ field: fieldPath([...path, name]), ...problem }];
  });

const orderProblems = (resources: Resources, path: Path): Problem[] =>
  Object.entries(resources.requests ?? {}).flatMap(([name, request]) => {
    const limit = resources.limits?.[name];
    const [least, most] = [parseQuantity(request), limit === undefined ? null : parseQuantity(limit)];
    if (limit === undefined || least === null || most === null || least <= most) return [];
    const message = `must not be more than the limit of ${limit}`;
    return [{ field: fieldPath([...path, 'requests', name]), message, limit, value: request }];
  });

/** What is wrong with requests and limits: unknown resources, malformed or implausible quantities, request over limit. */
export const resourcesProblems = (resources: Resources | undefined, path: Path): readonly Problem[] => {
  if (resources === undefined) return [];
  return [
    ...quantitiesProblems(resources.requests ?? {}, [...path, 'requests']),
    ...quantitiesProblems(resources.limits ?? {}, [...path, 'limits']),
    ...orderProblems(resources, path),
  ];
};
