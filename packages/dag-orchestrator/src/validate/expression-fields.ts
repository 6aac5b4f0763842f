import type { TemplateJson } from '@job-orchestrator/types';
import { attempt, ExpressionError } from '../expressions/fault.ts';
import { isTemplate, parseTemplate, soleExpression } from '../expressions/template.ts';
import type { Fault, Path } from '../fault.ts';
import type { DagModel, ModelNode } from './model.ts';

/** One expression of a document. `offset` is where its source begins in the text at `path`. */
export interface ExpressionUse {
  readonly path: Path;
  readonly source: string;
  readonly offset: number;
  /** False where the expression is evaluated once for the node, before there are items. */
  readonly perItem: boolean;
  /** What it must give; absent: anything. */
  readonly gives?: 'true or false' | 'a list';
}

type Found = ExpressionUse | Fault;

export const isFault = (found: Found): found is Fault => 'message' in found;

function* inText(text: string, path: Path, perItem: boolean): Generator<Found> {
  if (!isTemplate(text)) return;
  const parts = attempt(() => parseTemplate(text));
  if (parts instanceof ExpressionError) yield { ...parts.fault, path };
  else
    for (const part of parts)
      if (part.kind === 'expression') yield { path, source: part.source, offset: part.offset, perItem };
}

function* inSole(text: string, path: Path, gives: 'true or false' | 'a list'): Generator<Found> {
  const sole = attempt(() => soleExpression(text));
  yield sole instanceof ExpressionError ? { ...sole.fault, path } : { ...sole, path, perItem: false, gives };
}

function* inJson(value: TemplateJson | undefined, path: Path, perItem: boolean): Generator<Found> {
  if (typeof value === 'string') yield* inText(value, path, perItem);
  else if (Array.isArray(value))
    for (const [index, item] of (value as readonly TemplateJson[]).entries())
      yield* inJson(item, [...path, index], perItem);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value as Readonly<Record<string, TemplateJson>>))
      yield* inJson(item, [...path, key], perItem);
}

/** The expressions of one node. */
export function* nodeExpressions({ node, path, kind }: ModelNode): Generator<Found> {
  if (node.when !== undefined) yield* inSole(node.when, [...path, 'when'], 'true or false');
  if (typeof node.forEach === 'string') yield* inSole(node.forEach, [...path, 'forEach'], 'a list');
  else yield* inJson(node.forEach, [...path, 'forEach'], false);
  yield* inJson(node.inputs, [...path, 'inputs'], true);
  if (kind === 'approval')
    yield* inText(node.approval?.message ?? '', [...path, 'approval', 'message'], false);
  if (kind !== 'job') return;
  yield* inJson(node.args, [...path, 'args'], true);
  yield* inJson(node.env, [...path, 'env'], true);
}

/** The expressions of what all nodes inherit. */
export const defaultExpressions = ({ document }: DagModel): Generator<Found> =>
  inJson(document.defaults?.env, ['defaults', 'env'], true);

/** The expressions of what a run gives. */
export const outputExpressions = ({ document }: DagModel): Generator<Found> =>
  inJson(document.outputs, ['outputs'], false);
