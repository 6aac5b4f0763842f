import {
  celEnv,
  celFunc,
  celList,
  CelScalar,
  celType,
  isCelError,
  isCelList,
  isCelMap,
  listType,
  type CelEnv,
  type CelList,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { limits } from '@job-orchestrator/types';

/** The steps of the evaluation that runs now; `charge` throws once they are more than `limits.dag.expressionCost`. */
const meter = { spent: 0 };

/** An evaluation that does more than it may; passes through the library as an error value. */
export const costMessage = `does more than ${limits.dag.expressionCost} steps`;

const charge = (steps: number): void => {
  meter.spent += steps;
  if (meter.spent > limits.dag.expressionCost) throw new Error(costMessage);
};

/** Begins the count anew. Evaluation is synchronous and never nested, so one meter is enough. */
export const resetMeter = (): void => {
  meter.spent = 0;
};

const sizeOf = (value: CelValue | undefined): number => {
  if (typeof value === 'string') return value.length / 64;
  if (value instanceof Uint8Array) return value.length / 64;
  return 0;
};

const lengthOf = (value: CelValue): number =>
  typeof value === 'string' ? value.length : isCelList(value) ? value.size : 0;

/** Lists and maps never change once an expression sees them, and many rounds of a macro see the same. */
const weights = new WeakMap<object, number>();

/** What it takes to look at all that is in a value. */
const weightOf = (value: CelValue | undefined): number => {
  if (!isCelList(value) && !isCelMap(value)) return 1 + sizeOf(value);
  const known = weights.get(value);
  if (known !== undefined) return known;
  let weight = 1;
  for (const item of value.values()) weight += weightOf(item);
  weights.set(value, weight);
  return weight;
};

const itemsOf = (value: CelValue | undefined): number =>
  isCelList(value) || isCelMap(value) ? value.size : 0;

/** What a function is given; what it is called on comes first. */
type Values = readonly CelValue[];

const product = (values: Values): number =>
  values.reduce<number>((most, value) => most * Math.max(1, lengthOf(value)), 1 / 64);

/** Of two values each is looked at as far as the smaller one goes. */
const comparison = (values: Values): number => 2 * (Math.min(...values.map(weightOf)) - 1);

/** What functions cost whose result, or whose work, can be far larger than what they are given. */
const costs: Readonly<Record<string, (values: Values) => number>> = {
  replace: product,
  split: product,
  // The text between the items is repeated, and each item is copied.
  join: (values) => product(values) + weightOf(values[0]),
  format: (values) => product(values) + weightOf(values[1]),
  '_==_': comparison,
  '_!=_': comparison,
  '@in': ([item, among]) => (isCelMap(among) ? among.size : weightOf(among)) + itemsOf(item),
};

const costOf = (name: string, values: Values): number => {
  const basis = values.reduce<number>((sum, value) => sum + sizeOf(value), 1);
  return basis + (Object.hasOwn(costs, name) ? costs[name]!(values) : 0);
};

type Callable = NonNullable<ReturnType<CelEnv['funcs']['find']>>;

const metered = (name: string, callable: Callable): Callable => ({
  ...callable,
  name: callable.name,
  call: (id: number, target: CelValue | undefined, args: CelValue[]) => {
    charge(costOf(name, target === undefined ? args : [target, ...args]));
    return callable.call(id, target, args);
  },
});

const { INT, DOUBLE } = CelScalar;

/** JSON does not tell 1 from 1.0, so arithmetic between whole and fractional numbers is allowed: it gives a double. */
const mixed = (name: string, compute: (a: number, b: number) => number) => [
  celFunc(name, [INT, DOUBLE], DOUBLE, (a, b) => compute(Number(a), b)),
  celFunc(name, [DOUBLE, INT], DOUBLE, (a, b) => compute(a, Number(b))),
];

/** Every round of a macro passes through this function (see plan-expression), so that it is counted. */
export const stepFunction = '@step';

/**
 * Adds to the list that a macro gathers. The library would nest one list a round, which overflows the stack when
 * 10,000 are read (measured); nobody but the macro sees its list before the end, so it grows in place.
 */
export const appendFunction = '@append';

const gathered = new WeakMap<CelList, CelValue[]>();

const append = (list: CelList, added: CelList): CelList => {
  const known = gathered.get(list);
  if (known !== undefined) {
    known.push(...added);
    return list;
  }
  const items = [...list, ...added];
  const result = celList(items);
  gathered.set(result, items);
  return result;
};

const LIST = listType(CelScalar.DYN);

const base = celEnv({
  funcs: [
    ...strings.filter(({ name }) => name !== 'strings.quote'),
    ...mixed('_+_', (a, b) => a + b),
    ...mixed('_-_', (a, b) => a - b),
    ...mixed('_*_', (a, b) => a * b),
    ...mixed('_/_', (a, b) => a / b),
    celFunc(stepFunction, [CelScalar.BOOL], CelScalar.BOOL, (go) => go),
    celFunc(appendFunction, [LIST, LIST], LIST, append),
  ],
});

const findMetered = (name: string): Callable | undefined => {
  const callable = base.funcs.find(name);
  return callable === undefined ? undefined : metered(name, callable);
};

/** CEL's standard functions, the `strings` extension and mixed arithmetic, every call counted. */
export const environment = {
  ...base,
  namespace: base.namespace,
  registry: base.registry,
  variables: base.variables,
  funcs: { find: findMetered } as CelEnv['funcs'],
} as CelEnv;

/** The functions that people may call by name, for suggestions. Operators are left out. */
export const functionNames: readonly string[] = [...new Set([...base.funcs].map(({ name }) => name))].filter(
  (name) => /^[A-Za-z][A-Za-z0-9]*$/.test(name),
);

/** Macros, which the parser has replaced by the time calls are looked at. */
export const macroNames = ['has', 'all', 'exists', 'exists_one', 'map', 'filter'] as const;

/** What a value is called in messages. */
export const kindOf = (value: CelValue): string => {
  if (value === null) return 'null';
  if (isCelError(value)) return 'an error';
  const names: Readonly<Record<string, string>> = {
    bool: 'true or false',
    int: 'a whole number',
    uint: 'a whole number',
    double: 'a number',
    string: 'text',
    bytes: 'bytes',
    list: 'a list',
    map: 'a map',
  };
  const { name } = celType(value);
  return names[name.split('(')[0]!] ?? name;
};
