import { Type } from 'typebox';
import type { JsonObject } from '../json/json-value.ts';
import { nodeReasons } from '../vocabulary/dag-run.ts';
import { nodeRunStates } from '../vocabulary/dag.ts';
import { Count, Id, JsonMap, nullable, oneOf, type Dto } from './response-parts.ts';

/** What a start finds beside its inputs. */
const surroundings = {
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
};

/** What a plan tells of a node whatever becomes of it. */
const work = {
  name: Type.String(),
  kind: oneOf(['job', 'approval', 'dag'] as const),
  level: Type.Integer({
    minimum: 0,
    description: 'How many nodes must end one after the other before it.',
  }),
  final: Type.Boolean(),
  needs: Type.Array(Type.String()),
  image: nullable(Type.String()),
  dag: nullable(Type.Object({ name: Type.String(), version: nullable(Type.Integer({ minimum: 1 })) })),
  profile: nullable(Type.String()),
  cached: Type.Boolean({ description: 'It may take an earlier result.' }),
};

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
    ...surroundings,
    nodes: Type.Array(
      Type.Object({
        ...work,
        will: oneOf(['run', 'skip', 'fail', 'open'] as const),
        reason: nullable(oneOf(nodeReasons)),
        message: nullable(Type.String()),
        items: nullable(Count),
      }),
      { description: 'In the order of the graph, foreseen as if everything that runs completes.' },
    ),
  },
  { $id: 'RunPlan', title: 'What a run would do; nothing was written' },
);
export type RunPlanDto = Dto<typeof RunPlanSchema>;

export const RepairPlanSchema = Type.Object(
  {
    run: Type.Unsafe<string>({ ...Id, description: 'The ended run of which parts would run again.' }),
    project: Type.String(),
    dag: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    inputs: JsonMap,
    kept: Type.Integer({ minimum: 0, description: 'Nodes whose ends it would keep.' }),
    again: Type.Integer({ minimum: 0, description: 'Nodes that would run again.' }),
    outputs: nullable(
      Type.String({ description: "Why the DAG's own outputs would change, whatever its nodes do." }),
    ),
    ...surroundings,
    nodes: Type.Array(
      Type.Object({
        ...work,
        before: Type.Object(
          { state: oneOf(nodeRunStates), reason: nullable(oneOf(nodeReasons)) },
          { description: 'How it ended in the earlier run.' },
        ),
        again: nullable(Type.String({ description: 'Why it would run again; null: it is kept.' })),
        keeps: nullable(
          Type.Unsafe<'items' | 'sub_dag'>({
            ...oneOf(['items', 'sub_dag'] as const),
            description:
              '`items`: those of its items that completed are kept. `sub_dag`: its run is a retry of the old one.',
          }),
        ),
      }),
      { description: 'In the order of the graph.' },
    ),
  },
  { $id: 'RepairPlan', title: 'What a run that repairs another would run again; nothing was written' },
);
export type RepairPlanDto = Dto<typeof RepairPlanSchema>;
