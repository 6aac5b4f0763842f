import { attempt, ExpressionError } from '../expressions/fault.ts';
import { parseExpression } from '../expressions/parse-expression.ts';
import { comparisonsIn, type Comparison } from '../expressions/comparisons.ts';
import { usesOf, type Uses } from '../expressions/references.ts';
import { plainKind } from '../expressions/syntax-tree.ts';
import type { Fault } from '../fault.ts';
import {
  defaultExpressions,
  isFault,
  nodeExpressions,
  outputExpressions,
  type ExpressionUse,
} from './expression-fields.ts';
import type { DagModel, ModelNode } from './model.ts';
import { callFault, referenceFault, type Reader } from './references.ts';
import { stateFault } from './state-words.ts';

/** That the expression at `use` reads node `target`; `reader` null: the DAG's outputs. Positions in the model. */
export interface NodeRead {
  readonly reader: number | null;
  readonly target: number;
  readonly fault: Fault;
}

/** What an expression does that can be wrong. */
interface Parts extends Uses {
  readonly comparisons: readonly Comparison[];
  /** What it gives whatever it reads, in words; null: that has to be evaluated. */
  readonly plain: string | null;
}

type Known = Map<string, Parts | ExpressionError>;

const partsOf = (source: string): Parts => {
  const parsed = parseExpression(source);
  return { ...usesOf(parsed), comparisons: comparisonsIn(parsed), plain: plainKind(parsed.root) };
};

const usesIn = (source: string, known: Known): Parts | ExpressionError => {
  const before = known.get(source);
  if (before !== undefined) return before;
  const uses = attempt(() => partsOf(source));
  known.set(source, uses);
  return uses;
};

const readerOf = (model: DagModel, node: ModelNode, use: ExpressionUse): Reader => ({
  model,
  node,
  seesNodes: true,
  seesRunState: node.final,
  seesItem: node.node.forEach !== undefined && use.perItem,
  noItem:
    node.node.forEach === undefined
      ? 'this node has no `forEach`'
      : '`when` and `forEach` are evaluated once, before there are items',
});

const ofOutputs = (model: DagModel): Reader => ({
  model,
  node: null,
  seesNodes: true,
  seesRunState: true,
  seesItem: false,
  noItem: 'the DAG as a whole has no items',
});

const ofDefaults = (model: DagModel): Reader => ({
  ...ofOutputs(model),
  seesNodes: false,
  seesRunState: false,
  seesItem: model.nodes.every(({ node, kind }) => kind !== 'job' || node.forEach !== undefined),
  noItem: 'not every node has `forEach`',
});

const moved = (use: ExpressionUse, { message, offset }: { message: string; offset: number }): Fault => ({
  path: use.path,
  message,
  offset: use.offset + offset,
  value: use.source.slice(0, 200),
});

function* faultsOfUse(use: ExpressionUse, uses: Parts | ExpressionError, reader: Reader): Generator<Fault> {
  if (uses instanceof ExpressionError) {
    yield { ...uses.fault, ...moved(use, uses.fault) };
    return;
  }
  if (use.gives !== undefined && uses.plain !== null && uses.plain !== use.gives)
    yield moved(use, { message: `gives ${uses.plain}, and must give ${use.gives}`, offset: 0 });
  for (const reference of uses.references) {
    const fault = referenceFault(reference, reader);
    if (fault !== null) yield moved(use, fault);
  }
  for (const call of uses.calls) {
    const fault = callFault(call);
    if (fault !== null) yield moved(use, fault);
  }
  for (const comparison of uses.comparisons) {
    const fault = stateFault(comparison);
    if (fault !== null) yield moved(use, fault);
  }
}

function* readsOfUse(
  use: ExpressionUse,
  uses: Parts | ExpressionError,
  model: DagModel,
  reader: number | null,
): Generator<NodeRead> {
  if (uses instanceof ExpressionError) return;
  for (const { root, path } of uses.references) {
    const [name] = path;
    const target = root === 'nodes' && name !== undefined ? model.positions.get(name.name) : undefined;
    if (target !== undefined && target !== reader)
      yield { reader, target, fault: moved(use, { message: '', offset: name!.offset }) };
  }
}

/** Everything wrong with expressions by themselves, and which nodes they read (into `reads`). */
export function* checkExpressions(model: DagModel, reads: NodeRead[]): Generator<Fault> {
  const known: Known = new Map();
  const sections = [
    ...model.nodes.map((node, position) => ({
      found: () => nodeExpressions(node),
      readerOf: (use: ExpressionUse) => readerOf(model, node, use),
      reader: position,
    })),
    { found: () => outputExpressions(model), readerOf: () => ofOutputs(model), reader: null },
    { found: () => defaultExpressions(model), readerOf: () => ofDefaults(model), reader: null },
  ];
  for (const section of sections)
    for (const found of section.found()) {
      if (isFault(found)) {
        yield found;
        continue;
      }
      const uses = usesIn(found.source, known);
      yield* faultsOfUse(found, uses, section.readerOf(found));
      reads.push(...readsOfUse(found, uses, model, section.reader));
    }
}
