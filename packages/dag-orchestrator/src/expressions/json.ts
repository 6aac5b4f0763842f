import { celList, celMap, isCelList, isCelMap, isCelUint, type CelInput, type CelValue } from '@bufbuild/cel';
import { limits, textProblem, type JsonObject, type JsonValue } from '@job-orchestrator/types';
import { kindOf } from './environment.ts';
import { refuse } from './fault.ts';

/** Outputs are read by the expressions of many items: each is converted once. */
const converted = new WeakMap<object, CelInput>();

const convert = (value: readonly JsonValue[] | JsonObject): CelInput =>
  Array.isArray(value)
    ? celList((value as readonly JsonValue[]).map(toCel))
    : celMap(new Map(Object.entries(value as JsonObject).map(([key, item]) => [key, toCel(item)])));

/** JSON as CEL sees it: whole numbers are integers, maps have no prototype. */
export const toCel = (value: JsonValue): CelInput => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const known = converted.get(value);
  if (known !== undefined) return known;
  const result = convert(value);
  converted.set(value, result);
  return result;
};

interface Budget {
  bytes: number;
}

const spend = (budget: Budget, bytes: number): void => {
  budget.bytes -= bytes;
  if (budget.bytes < 0)
    refuse(`gives more than ${limits.outputBytes} bytes`, 0, { limit: limits.outputBytes });
};

/** Text that can be stored: half of a character (`substring` cuts emoji) and NUL cannot. */
const storable = (text: string): string => {
  const problem = textProblem(text);
  return problem === null ? text : refuse(`gives text that ${problem}`, 0);
};

const keyOf = (key: unknown): string =>
  typeof key === 'string' ? storable(key) : refuse('gives a map whose keys are not text', 0);

const integerOf = (value: bigint): number =>
  Number.isSafeInteger(Number(value)) ? Number(value) : refuse(`gives ${value}, which JSON cannot carry`, 0);

const numberOf = (value: number): number =>
  Number.isFinite(value) ? value : refuse(`gives ${value}, which JSON cannot carry`, 0);

const collectionOf = (value: CelValue, budget: Budget): JsonValue => {
  if (isCelUint(value)) return integerOf(value.value);
  if (isCelList(value)) return Array.from(value, (item) => jsonOf(item, budget));
  if (isCelMap(value))
    return Object.fromEntries(
      Array.from(value, ([key, item]) => {
        spend(budget, keyOf(key).length);
        return [keyOf(key), jsonOf(item, budget)];
      }),
    );
  return refuse(`gives ${kindOf(value)}, which is not JSON; turn it into text with string(…)`, 0);
};

const jsonOf = (value: CelValue, budget: Budget): JsonValue => {
  spend(budget, typeof value === 'string' ? value.length + 2 : 2);
  if (typeof value === 'string') return storable(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return integerOf(value);
  return typeof value === 'number' ? numberOf(value) : collectionOf(value, budget);
};

/** What an expression gave, as JSON of at most `limits.outputBytes`. Throws ExpressionError for what JSON cannot carry. */
export const fromCel = (value: CelValue): JsonValue => jsonOf(value, { bytes: limits.outputBytes });
