import { nodePlace, limits, type JsonObject, type JsonValue } from '@job-orchestrator/types';
import { outputProblems } from '../values/check-values.ts';
import { evaluate, renderValue, type Evaluated as Rendered } from '../expressions/evaluate.ts';
import { whyFalse } from '../expressions/why-false.ts';
import type { Evaluated, Expressions } from '../plan/expressions.ts';
import type { KnownRun } from './graphs.ts';
import { nodeWork, type WorkDraft } from './node-work.ts';

const toEvaluated = (rendered: Rendered<JsonValue>): Evaluated<JsonValue> =>
  rendered.ok ? rendered : { ok: false, message: `${rendered.problem.field}: ${rendered.problem.message}` };

const kindOf = (value: JsonValue): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
};

const asCondition = (place: string, of: Evaluated<JsonValue>): Evaluated<boolean> => {
  if (!of.ok) return of;
  return typeof of.value === 'boolean'
    ? { ok: true, value: of.value }
    : { ok: false, message: `${place}: must give true or false, gave ${kindOf(of.value)}` };
};

const asItems = (place: string, of: Evaluated<JsonValue>): Evaluated<readonly JsonValue[]> => {
  if (!of.ok) return of;
  if (!Array.isArray(of.value))
    return { ok: false, message: `${place}: must give a list, gave ${kindOf(of.value)}` };
  const { forEachItems } = limits.dag;
  return of.value.length <= forEachItems
    ? { ok: true, value: of.value as readonly JsonValue[] }
    : {
        ok: false,
        reason: 'limit',
        message: `${place}: gave ${of.value.length} items; the limit is ${forEachItems}`,
      };
};

/** Expressions in the words of the graph, evaluated for one run. Pure. */
export const runExpressions = ({ setup, index, subDags }: KnownRun): Expressions<WorkDraft> => ({
  condition: (node, scope) => {
    const place = `${nodePlace(node)}.when`;
    return asCondition(place, toEvaluated(evaluate(node.when!, scope, place)));
  },
  whyFalse: ({ when }, scope) => whyFalse(when!, scope),
  items: (node, scope) => {
    const place = `${nodePlace(node)}.forEach`;
    return asItems(place, toEvaluated(renderValue(node.forEach!.items, scope, place)));
  },
  work: (node, scope) => nodeWork(setup, node, subDags, scope),
  nodeRunsOf: (node) => subDags.get(node.name)?.progress.nodeRuns ?? 0,
  outputProblem: ({ outputs }, output) => {
    const [problem] = outputProblems(outputs ?? {}, output);
    return problem === undefined ? null : `${problem.field} ${problem.message}`;
  },
  outputs: (scope) => {
    const value = toEvaluated(renderValue(index.graph.outputs, scope, 'outputs'));
    return value.ok ? { ok: true, value: value.value as JsonObject } : value;
  },
});
