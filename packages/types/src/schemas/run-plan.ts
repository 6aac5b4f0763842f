import { Type } from 'typebox';
import type { JsonObject } from '../json/json-value.ts';
import { nodeReasons } from '../vocabulary/dag-run.ts';
import { Count, nullable, oneOf, type Dto } from './response-parts.ts';

export const RunPlanSchema = Type.Object(
  {
    project: Type.String(),
    dag: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    inputs: nullable(
      Type.Unsafe<JsonObject>({
        type: 'object',
        additionalProperties: true,
        description: 'With the defaults of what was not given; null: they are refused.',
      }),
    ),
    refusals: Type.Array(
      Type.Object({
        code: Type.String({ description: 'The error that a start would answer.' }),
        field: Type.String(),
        message: Type.String(),
        value: nullable(Type.String()),
      }),
      { description: 'Why a start would be refused; empty: it would not.' },
    ),
    images: Type.Array(
      Type.Object({
        name: Type.String(),
        reference: nullable(Type.String({ description: 'null: nobody registered it.' })),
        registered: Type.Boolean({ description: 'False: a start registers it, where it may.' }),
        pinned: Type.Boolean({ description: 'By its digest: it cannot change.' }),
      }),
    ),
    dags: Type.Array(Type.Object({ name: Type.String(), version: Type.Integer({ minimum: 1 }) }), {
      description: 'The versions that sub-DAGs without one would have.',
    }),
    nodes: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: oneOf(['job', 'approval', 'dag'] as const),
        level: Type.Integer({
          minimum: 0,
          description: 'How many nodes must end one after the other before it.',
        }),
        final: Type.Boolean(),
        needs: Type.Array(Type.String()),
        will: oneOf(['run', 'skip', 'fail', 'open'] as const),
        reason: nullable(oneOf(nodeReasons)),
        message: nullable(Type.String()),
        items: nullable(Count),
        image: nullable(Type.String()),
        dag: nullable(Type.Object({ name: Type.String(), version: nullable(Type.Integer({ minimum: 1 })) })),
        profile: nullable(Type.String()),
        cached: Type.Boolean({ description: 'It may take an earlier result.' }),
      }),
      { description: 'In the order of the graph, foreseen as if everything that runs completes.' },
    ),
  },
  { $id: 'RunPlan', title: 'What a run would do; nothing was written' },
);
export type RunPlanDto = Dto<typeof RunPlanSchema>;
