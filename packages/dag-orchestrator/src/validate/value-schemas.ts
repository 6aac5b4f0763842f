import { limits, type ValueSchema } from '@job-orchestrator/types';
import type { Fault, Path } from '../fault.ts';
import { isPattern, valueProblems } from '../values/check-values.ts';
import type { DagModel } from './model.ts';

interface Part {
  readonly schema: ValueSchema;
  readonly path: Path;
  readonly depth: number;
}

const partsOf = ({ schema, path, depth }: Part): Part[] => {
  const part = (inner: ValueSchema, ...step: Path): Part => ({
    schema: inner,
    path: [...path, ...step],
    depth: depth + 1,
  });
  const { items, not, additionalProperties: additional, properties = {} } = schema;
  const lists = (['anyOf', 'allOf', 'oneOf'] as const).flatMap((word) =>
    (schema[word] ?? []).map((inner, index) => part(inner, word, index)),
  );
  return [
    ...Object.entries(properties).map(([name, inner]) => part(inner, 'properties', name)),
    ...lists,
    ...(items === undefined ? [] : [part(items, 'items')]),
    ...(not === undefined ? [] : [part(not, 'not')]),
    ...(typeof additional === 'object' ? [part(additional, 'additionalProperties')] : []),
  ];
};

const bounds = [
  ['minLength', 'maxLength'],
  ['minimum', 'maximum'],
  ['minItems', 'maxItems'],
] as const;

/** Bounds between which nothing lies: every value would be refused, and nobody would know why. */
function* boundFaults({ schema, path }: Part): Generator<Fault> {
  for (const [least, most] of bounds) {
    const [from, to] = [schema[least], schema[most]];
    if (from !== undefined && to !== undefined && from > to)
      yield {
        path: [...path, least],
        message: `is more than \`${most}\`: no value fits`,
        limit: to,
        value: String(from),
      };
  }
}

function* partFaults({ schema, path, depth }: Part): Generator<Fault> {
  const limit = limits.dag.valueSchemaDepth;
  yield* boundFaults({ schema, path, depth });
  if (depth > limit) yield { path, message: `is nested more than ${limit} levels deep`, limit };
  if (schema.pattern !== undefined && !isPattern(schema.pattern))
    yield {
      path: [...path, 'pattern'],
      message: 'is not a regular expression of RE2',
      value: schema.pattern,
    };
}

function* schemaFaults(schema: ValueSchema, path: Path): Generator<Fault> {
  const pending: Part[] = [{ schema, path, depth: 1 }];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    yield* partFaults(part);
    if (part.depth <= limits.dag.valueSchemaDepth) pending.push(...partsOf(part));
  }
}

function* defaultFaults(schema: ValueSchema, path: Path): Generator<Fault> {
  if (!Object.hasOwn(schema, 'default')) return;
  for (const { message, field, value } of valueProblems(schema, schema.default!))
    yield {
      path: [...path, 'default'],
      message: `does not fit its own schema: ${`${field} ${message}`.trim()}`,
      ...(value === undefined ? {} : { value }),
    };
}

function* declaredFaults(
  declared: Readonly<Record<string, ValueSchema>> | undefined,
  path: Path,
  defaults: boolean,
): Generator<Fault> {
  for (const [name, schema] of Object.entries(declared ?? {})) {
    let sound = true;
    for (const fault of schemaFaults(schema, [...path, name])) {
      sound = false;
      yield fault;
    }
    if (sound && defaults) yield* defaultFaults(schema, [...path, name]);
  }
}

/** Schemas of inputs and outputs that are too deep, with patterns that RE2 refuses, bounds or defaults that do not fit. */
export function* checkValueSchemas({ document, nodes }: DagModel): Generator<Fault> {
  yield* declaredFaults(document.inputs, ['inputs'], true);
  for (const { node, path } of nodes) yield* declaredFaults(node.outputs, [...path, 'outputs'], false);
}
