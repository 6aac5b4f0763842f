import { isCelError, type CelError, type CelInput } from '@bufbuild/cel';
import {
  limits,
  type Expression,
  type ExpressionScope,
  type JsonObject,
  type JsonValue,
  type Problem,
  type Template,
  type TemplateJson,
} from '@job-orchestrator/types';
import { costMessage, resetMeter } from './environment.ts';
import { ExpressionError, refuse } from './fault.ts';
import { fromCel, toCel } from './json.ts';
import { planExpression, type PlannedExpression } from './plan-expression.ts';
import { usesOf } from './references.ts';
import { isTemplate, parseTemplate } from './template.ts';

/** What came of an evaluation: a value, or what was wrong and where. It never throws for what users wrote. */
export type Evaluated<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem };

const factsOf = ({ state, outputs }: ExpressionScope['nodes'][string]): JsonObject => ({ state, outputs });

/** The items of a `forEach` have a scope each, but share what is in it. */
const knownNodes = new WeakMap<ExpressionScope['nodes'], CelInput>();

const nodesToCel = (nodes: ExpressionScope['nodes']): CelInput => {
  const known = knownNodes.get(nodes);
  if (known !== undefined) return known;
  const facts = Object.entries(nodes).map(([name, node]) => [name, factsOf(node)]);
  const result = toCel(Object.fromEntries(facts) as JsonObject);
  knownNodes.set(nodes, result);
  return result;
};

const bindingsOf = (scope: ExpressionScope): Record<string, CelInput> => ({
  inputs: toCel(scope.inputs),
  nodes: nodesToCel(scope.nodes),
  run: toCel({ ...scope.run }),
  ...(scope.item === undefined ? {} : { item: toCel(scope.item) }),
});

const operators: Readonly<Record<string, string>> = { '@in': 'in', '_[_]': '[ ]', '!_': '!', '-_': '-' };
const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  double: 'a number',
  string: 'text',
  bool: 'true or false',
  null_type: 'null',
  list: 'a list',
  map: 'a map',
};

const operandNames = (types: string): string =>
  types
    .replace(/^(\w+)\.\(/, '$1, (')
    .replace(/[()]/g, '')
    .split(', ')
    .filter((type) => type !== '')
    .map((type) => typeNames[type] ?? type)
    .join(' and ');

/** The library's words as ours, where users meet them often. */
const told = (message: string): string => {
  const overload = /^found no matching overload for '(.+)' applied to '(.*)'$/.exec(message);
  if (overload !== null) {
    const [, name = '', types = ''] = overload;
    return `${operators[name] ?? name.replaceAll('_', '')} does not take ${operandNames(types)}`;
  }
  const missing = /^(?:field not found|no such key): (.+)$/.exec(message);
  return missing === null ? message : `${missing[1]} does not exist here; ask with has(…) first`;
};

const offsetOfError = ({ parsed }: PlannedExpression, error: CelError): number =>
  error.exprId === undefined
    ? 0
    : parsed.offsetOf({ id: error.exprId } as Parameters<typeof parsed.offsetOf>[0]);

/** Refuses to read what is too large to be read; the state of such a node can be. */
const refuseLarge = ({ parsed }: PlannedExpression, { nodes }: ExpressionScope): void => {
  if (Object.values(nodes).every(({ outputsBytes }) => outputsBytes === undefined)) return;
  const { readBytes: limit } = limits.dag;
  for (const { root, path, offset } of usesOf(parsed).references) {
    const [node, field] = path.map(({ name }) => name);
    const bytes = root === 'nodes' && node !== undefined ? nodes[node]?.outputsBytes : undefined;
    if (bytes === undefined || field === 'state') continue;
    const message = `reads the outputs of ${node}, which are ${bytes} bytes; at most ${limit} can be read`;
    refuse(message, offset, { limit });
  }
};

const valueOf = (source: Expression, scope: ExpressionScope): JsonValue => {
  const planned = planExpression(source);
  refuseLarge(planned, scope);
  resetMeter();
  const result = planned.run(bindingsOf(scope));
  if (!isCelError(result)) return fromCel(result);
  if (result.message === costMessage) return refuse(costMessage, 0, { limit: limits.dag.expressionCost });
  return refuse(told(result.message), offsetOfError(planned, result));
};

const shownSource = (source: string): string => (source.length > 200 ? `${source.slice(0, 199)}…` : source);

const messageMost = 300;

/** A message may quote what the expression read: cut, and without what cannot be stored. */
const storedMessage = (message: string): string => {
  const shown = message.length > messageMost ? `${message.slice(0, messageMost - 1)}…` : message;
  return shown.toWellFormed().replaceAll('\0', '\uFFFD');
};

const problemOf = (error: unknown, source: string, place: string): Problem => {
  if (!(error instanceof ExpressionError)) throw error;
  const { message, offset, limit } = error.fault;
  return {
    field: place,
    message: `cannot be evaluated: ${storedMessage(message)} (character ${offset + 1})`,
    ...(limit === undefined ? {} : { limit }),
    value: shownSource(source),
  };
};

/** Where an inner evaluation failed: carries the problem out of a tree of values. */
class ProblemFound extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const evaluated = <Value>(work: () => Value): Evaluated<Value> => {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof ProblemFound) return { ok: false, problem: error.problem };
    throw error;
  }
};

const evaluateOrThrow = (source: Expression, scope: ExpressionScope, place: string): JsonValue => {
  try {
    return valueOf(source, scope);
  } catch (error) {
    throw new ProblemFound(problemOf(error, source, place));
  }
};

/** The value of an expression. `place` (such as `nodes.load.when`) is named in its problem. Pure; plans are remembered. */
export const evaluate = (source: Expression, scope: ExpressionScope, place: string): Evaluated<JsonValue> =>
  evaluated(() => evaluateOrThrow(source, scope, place));

/** The text of a value inside of text: text as it is, null as nothing, anything else as JSON. */
const textOf = (value: JsonValue): string => {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const partsOf = (template: Template, place: string): ReturnType<typeof parseTemplate> => {
  try {
    return parseTemplate(template);
  } catch (error) {
    throw new ProblemFound(problemOf(error, template, place));
  }
};

const valueOfTemplate = (template: Template, scope: ExpressionScope, place: string): JsonValue => {
  if (!isTemplate(template)) return template;
  const parts = partsOf(template, place);
  const [first] = parts;
  if (parts.length === 1 && first?.kind === 'expression') return evaluateOrThrow(first.source, scope, place);
  const texts = parts.map((part) =>
    part.kind === 'text' ? part.text : textOf(evaluateOrThrow(part.source, scope, place)),
  );
  return texts.join('');
};

/** What the expressions of one value may still give, in bytes: many may give the same large one. */
interface Room {
  bytes: number;
}

const spend = (room: Room, value: JsonValue, place: string): JsonValue => {
  const { valueBytes: limit } = limits.dag;
  room.bytes -= Buffer.byteLength(JSON.stringify(value));
  if (room.bytes >= 0) return value;
  const message = `cannot be evaluated: with what stands before it, it gives more than ${limit} bytes`;
  throw new ProblemFound({ field: place, message, limit });
};

const valueOfTree = (
  value: TemplateJson,
  scope: ExpressionScope,
  place: string,
  room: Room = { bytes: limits.dag.valueBytes },
): JsonValue => {
  if (typeof value === 'string')
    return isTemplate(value) ? spend(room, valueOfTemplate(value, scope, place), place) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return (value as readonly TemplateJson[]).map((item, index) =>
      valueOfTree(item, scope, `${place}[${index}]`, room),
    );
  const entries = Object.entries(value as Readonly<Record<string, TemplateJson>>);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, valueOfTree(item, scope, `${place}.${key}`, room)]),
  );
};

/** A template as text: for `args`, `env` and messages. What is not text becomes JSON; null becomes nothing. */
export const renderText = (template: Template, scope: ExpressionScope, place: string): Evaluated<string> =>
  evaluated(() => textOf(valueOfTemplate(template, scope, place)));

/** JSON with every template in it evaluated: one that is a single expression keeps the type of its value. */
export const renderValue = (
  value: TemplateJson,
  scope: ExpressionScope,
  place: string,
): Evaluated<JsonValue> => evaluated(() => valueOfTree(value, scope, place));
