import type { Problem } from '../errors/problems.ts';
import { fieldPath } from '../json/check-json.ts';
import { parseQuantity } from '../vocabulary/quantity.ts';
import type { Resources } from '../vocabulary/job.ts';
import type { ProfileRules } from '../vocabulary/profile.ts';
import { didYouMean } from './did-you-mean.ts';

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

const unknownResource = (name: string): Omit<Problem, 'field'> => {
  const near = /^gpus?$/i.test(name) ? 'nvidia.com/gpu' : didYouMean(name, Object.keys(bounds));
  const known = 'is not a resource: use cpu, memory, ephemeral-storage or vendor.example/name';
  return { message: near === null ? known : `${known}; did you mean ${near}?`, value: name };
};

/** People write `cpu: 2` in YAML as often as `cpu: "2"`. */
const asText = (quantity: string | number): string => String(quantity);

type Quantities = Readonly<Record<string, string>>;

const textsOf = (quantities: Quantities): Quantities =>
  Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, asText(quantity)]));

/** The same resources with every quantity as text. */
export const normalResources = ({ requests, limits, sharedMemory }: Resources): Resources => ({
  ...(requests === undefined ? {} : { requests: textsOf(requests) }),
  ...(limits === undefined ? {} : { limits: textsOf(limits) }),
  ...(sharedMemory === undefined ? {} : { sharedMemory: asText(sharedMemory) }),
});

const quantityProblem = (name: string, text: string): Omit<Problem, 'field'> | null => {
  const bound = boundOf(name);
  if (bound === null) return unknownResource(name);
  const value = parseQuantity(text);
  const fits = value !== null && value >= bound.least && value <= bound.most;
  const whole = bound !== wholeCount || (value !== null && value % 1_000n === 0n);
  return fits && whole ? null : { message: `must be ${bound.says}`, limit: bound.says, value: text };
};

const quantitiesProblems = (quantities: Quantities, path: Path): Problem[] =>
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

const isExtended = (name: string): boolean => extendedName.test(name);

/** Kubernetes shares nothing of a device: what is asked for is what is given, and only a limit can say it. */
const extendedProblems = ({ requests = {}, limits = {} }: Resources, path: Path): Problem[] =>
  Object.entries(requests)
    .filter(
      ([name, request]) => isExtended(name) && parseQuantity(request) !== parseQuantity(limits[name] ?? ''),
    )
    .map(([name, request]) => ({
      field: fieldPath([...path, 'requests', name]),
      message: `must be the same as limits["${name}"]; leave it out, the limit alone asks for it`,
      value: request,
      ...(limits[name] === undefined ? {} : { limit: limits[name] }),
    }));

/** Pages of `/dev/shm` are the program's memory to the kernel: more than the limit could never be filled. */
const sharedMemoryProblems = ({ sharedMemory, limits }: Resources, path: Path): Problem[] => {
  if (sharedMemory === undefined) return [];
  const field = fieldPath([...path, 'sharedMemory']);
  const problem = quantityProblem('memory', sharedMemory);
  if (problem !== null) return [{ field, ...problem }];
  const most = limits?.['memory'];
  const [size, limit] = [parseQuantity(sharedMemory), most === undefined ? null : parseQuantity(most)];
  if (most === undefined || size === null || limit === null || size <= limit) return [];
  const message = `counts against the memory limit and must not be more than its ${most}`;
  return [{ field, message, limit: most, value: sharedMemory }];
};

/**
 * What is wrong with requests, limits and shared memory: unknown resources, malformed or implausible quantities, a request
 * over its limit, a device that is requested and not limited.
 */
export const resourcesProblems = (given: Resources | undefined, path: Path): readonly Problem[] => {
  if (given === undefined) return [];
  const resources = normalResources(given);
  return [
    ...quantitiesProblems(resources.requests ?? {}, [...path, 'requests']),
    ...quantitiesProblems(resources.limits ?? {}, [...path, 'limits']),
    ...orderProblems(resources, path),
    ...extendedProblems(resources, path),
    ...sharedMemoryProblems(resources, path),
  ];
};

const overMaximum = (quantities: Quantities, maximum: Quantities, profile: string, path: Path): Problem[] =>
  Object.entries(quantities).flatMap(([name, quantity]) => {
    const limit = maximum[name];
    const [value, most] = [parseQuantity(quantity), limit === undefined ? null : parseQuantity(limit)];
    if (limit === undefined || value === null || most === null || value <= most) return [];
    const message = `must not be more than ${limit} under the profile ${profile}`;
    return [{ field: fieldPath([...path, name]), message, limit, value: quantity }];
  });

/** Where a job asks for more than its profile lets it. */
export const maximumProblems = (
  { requests = {}, limits = {}, sharedMemory }: Resources,
  { name, maximum }: Pick<ProfileRules, 'name' | 'maximum'>,
  path: Path,
): readonly Problem[] => [
  ...overMaximum(requests, maximum, name, [...path, 'requests']),
  ...overMaximum(limits, maximum, name, [...path, 'limits']),
  ...(sharedMemory === undefined
    ? []
    : overMaximum({ sharedMemory }, { sharedMemory: maximum['memory'] ?? sharedMemory }, name, path)),
];

/** What is wrong with the greatest quantities of a profile; 0 forbids a device. */
export const maximumQuantityProblems = (maximum: Quantities, path: Path): readonly Problem[] =>
  Object.entries(textsOf(maximum)).flatMap(([name, text]) => {
    const problem = isExtended(name) && text === '0' ? null : quantityProblem(name, text);
    return problem === null ? [] : [{ field: fieldPath([...path, name]), ...problem }];
  });
