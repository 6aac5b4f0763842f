import { deleteDag, listDagVersions, readDag } from '@job-orchestrator/operations';
import {
  DagVersionPageSchema,
  DagVersionSchema,
  DeletedDagSchema,
  Name,
  type DagVersionDto,
  type DagVersionPage,
  type DeletedDagDto,
  type PageRequest,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toDagVersion, toDagVersionSummary } from '../dto/dag-dto.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import {
  NameParams,
  parameterReader,
  parameters,
  ProjectQuery,
  readName,
  readProject,
} from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const DagQuery = parameters({
  project: Type.Optional(Name),
  version: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'The newest unless given.' }),
  ),
});
const readDagQuery = parameterReader(DagQuery);

const VersionListQuery = parameters({ project: Type.Optional(Name), ...pageParameters });
const readVersionList = parameterReader(VersionListQuery);

const get = async (context: ApiContext, request: FastifyRequest): Promise<DagVersionDto> => {
  const { name } = readName(request.params);
  const { project = 'default', version = null } = readDagQuery(request.query);
  return toDagVersion(await readDag(context.operations, { project, name, version }));
};

const list = async (context: ApiContext, request: FastifyRequest): Promise<DagVersionPage> => {
  const { name } = readName(request.params);
  const query = readVersionList(request.query);
  const { project = 'default' } = query;
  const read = (page: PageRequest) => listDagVersions(context.operations, project, name, page);
  return readPage(listKey('dag-versions', { project, name }), query, read, toDagVersionSummary);
};

const remove = async (context: ApiContext, request: FastifyRequest): Promise<DeletedDagDto> => {
  const { name } = readName(request.params);
  const { project = 'default' } = readProject(request.query);
  await deleteDag(context.operations, project, name, writeContext('deleted by a user'));
  return { project, name, deleted: true };
};

const oneDag = { tag: 'dags', access: 'token', params: NameParams } as const;

export const dagVersionRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/dags/:name',
    operationId: 'getDag',
    summary: 'Read a DAG as it was applied, and what it compiles to',
    ...oneDag,
    query: DagQuery,
    answer: json(DagVersionSchema, 'The version; one that is named is there after the DAG was deleted, too.'),
    handle: get,
  },
  {
    method: 'GET',
    url: '/api/v1/dags/:name/versions',
    operationId: 'listDagVersions',
    summary: 'List the versions of a DAG, newest first, those of a deleted one too',
    ...oneDag,
    query: VersionListQuery,
    answer: json(DagVersionPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'DELETE',
    url: '/api/v1/dags/:name',
    operationId: 'deleteDag',
    summary: 'Take a DAG out of use; its versions and runs stay, and runs go on',
    ...oneDag,
    query: ProjectQuery,
    answer: json(DeletedDagSchema, 'The DAG is gone.'),
    handle: remove,
  },
];
