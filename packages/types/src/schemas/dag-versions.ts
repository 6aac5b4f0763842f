import { Type } from 'typebox';
import type { JsonObject } from '../json/json-value.ts';
import { Count, Json, nullable, pageOf, Timestamp, type Dto } from './response-parts.ts';

export const AppliedDagSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    created: Type.Boolean({ description: 'False: the newest version says the same already.' }),
  },
  { $id: 'AppliedDag', title: 'The version that the definition is' },
);
export type AppliedDagDto = Dto<typeof AppliedDagSchema>;

export const DagSummarySchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    nodes: Count,
    createdAt: Timestamp,
    createdBy: Type.String(),
  },
  { $id: 'DagSummary', title: 'A DAG at its newest version' },
);
export type DagSummaryDto = Dto<typeof DagSummarySchema>;

export const DagVersionSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    digest: Type.String({
      description: 'SHA-256 of the compiled graph, in hex: the same content has the same.',
    }),
    document: Json,
    graph: Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description: 'What the document compiles to; runs go by it. Nodes need one another by index.',
    }),
    createdAt: Timestamp,
    createdBy: Type.String(),
    deletedAt: nullable(
      Type.String({ format: 'date-time', description: 'When the DAG was deleted; null: it was not.' }),
    ),
  },
  { $id: 'DagVersion', title: 'One version of a DAG' },
);
export type DagVersionDto = Dto<typeof DagVersionSchema>;

export const DagVersionSummarySchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    digest: Type.String(),
    nodes: Count,
    runs: Type.Integer({ minimum: 0, description: 'Runs of this version, those as a sub-DAG counted.' }),
    createdAt: Timestamp,
    createdBy: Type.String(),
    reason: Type.String(),
  },
  { $id: 'DagVersionSummary', title: 'One version of a DAG, without its definition' },
);
export type DagVersionSummaryDto = Dto<typeof DagVersionSummarySchema>;

export const DagVersionPageSchema = pageOf('DagVersionPage', DagVersionSummarySchema);
export type DagVersionPage = Dto<typeof DagVersionPageSchema>;

export const DeletedDagSchema = Type.Object(
  { project: Type.String(), name: Type.String(), deleted: Type.Boolean() },
  { $id: 'DeletedDag', title: 'The DAG that is there no more; its versions and runs stay' },
);
export type DeletedDagDto = Dto<typeof DeletedDagSchema>;

export const DagPageSchema = pageOf('DagPage', DagSummarySchema);
export type DagPage = Dto<typeof DagPageSchema>;
