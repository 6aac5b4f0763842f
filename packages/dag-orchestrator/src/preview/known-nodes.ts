import {
  nodePlace,
  type ExpressionScope,
  type GraphNode,
  type JsonObject,
  type JsonValue,
  type RunFacts,
} from '@job-orchestrator/types';
import { evaluate, renderValue, type Evaluated } from '../expressions/evaluate.ts';
import { parseExpression } from '../expressions/parse-expression.ts';
import { usesOf } from '../expressions/references.ts';
import { soleExpression } from '../expressions/template.ts';
import type { KnownNode } from './preview-nodes.ts';

/** No expression that is evaluated here reads it. */
const noRun: RunFacts = {
  id: '',
  dag: '',
  version: 0,
  createdAt: '',
  createdBy: '',
  scheduledAt: null,
  state: null,
};

const readsOnlyInputs = (source: string): boolean =>
  usesOf(parseExpression(source)).references.every(({ root }) => root === 'inputs');

const nothing: KnownNode = { condition: null, open: false, items: null, message: null };
const later: KnownNode = { ...nothing, open: true };
const noValue = (message: string): KnownNode => ({ ...nothing, condition: 'error', message });

const failed = (value: Evaluated<JsonValue>): string | null =>
  value.ok ? null : `${value.problem.field}: ${value.problem.message}`;

const ofCondition = (node: GraphNode, scope: ExpressionScope): KnownNode => {
  const { when } = node;
  if (when === null) return nothing;
  if (!readsOnlyInputs(when)) return later;
  const place = `${nodePlace(node)}.when`;
  const value = evaluate(when, scope, place);
  if (!value.ok) return noValue(failed(value)!);
  return typeof value.value === 'boolean'
    ? { ...nothing, condition: value.value }
    : noValue(`${place}: must give true or false`);
};

const ofItems = (node: GraphNode, scope: ExpressionScope): KnownNode => {
  const { forEach } = node;
  if (forEach === null) return nothing;
  const { items } = forEach;
  // A list that is written out has its length, whatever its items turn out to be.
  if (typeof items !== 'string') return { ...nothing, items: items.length };
  if (!readsOnlyInputs(soleExpression(items).source)) return later;
  const place = `${nodePlace(node)}.forEach`;
  const value = renderValue(items, scope, place);
  if (!value.ok) return noValue(failed(value)!);
  return Array.isArray(value.value)
    ? { ...nothing, items: value.value.length }
    : noValue(`${place}: must give a list`);
};

/** What the inputs alone say of a node; null: there are none that fit. */
export const knownNode = (node: GraphNode, inputs: JsonObject | null): KnownNode => {
  if (inputs === null) return { ...nothing, open: node.when !== null || node.forEach !== null };
  const scope = { inputs, nodes: {}, run: noRun };
  const condition = ofCondition(node, scope);
  if (condition.condition === 'error' || condition.condition === false) return condition;
  const items = ofItems(node, scope);
  return items.condition === 'error' && condition.open
    ? later
    : { ...items, open: condition.open || items.open };
};
