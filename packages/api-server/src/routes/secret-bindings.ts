import { bindSecret, unbindSecret } from '@job-orchestrator/operations';
import {
  SecretBindingListSchema,
  SecretBindingSchema,
  SecretBindingSubmissionSchema,
  validateSecretBinding,
  type SecretBindingDto,
  type SecretBindingList,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { toSecretBinding } from '../dto/to-dto.ts';
import { named, namedBody } from '../input/named-body.ts';
import { NameParams, ProjectQuery, readProject } from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const list = async ({ database }: ApiContext, request: FastifyRequest): Promise<SecretBindingList> => {
  const bindings = await database.secretBindings.list(readProject(request.query).project ?? null);
  return { items: bindings.map(toSecretBinding) };
};

const bind = async (context: ApiContext, request: FastifyRequest): Promise<SecretBindingDto> => {
  const binding = validateSecretBinding(namedBody(request));
  return toSecretBinding(await bindSecret(context.operations, binding, writeContext('bound by a user')));
};

const unbind = async (context: ApiContext, request: FastifyRequest): Promise<SecretBindingDto> => {
  const { name, project } = named(request);
  const why = writeContext('unbound by a user');
  return toSecretBinding(await unbindSecret(context.operations, project, name, why));
};

const one = {
  tag: 'secrets',
  access: 'token',
  params: NameParams,
  query: ProjectQuery,
} as const;

export const secretBindingRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/secret-bindings',
    operationId: 'listSecretBindings',
    summary: 'List the names that jobs may use for secrets; no value is known here',
    tag: 'secrets',
    access: 'token',
    query: ProjectQuery,
    answer: json(SecretBindingListSchema, 'All names.'),
    handle: list,
  },
  {
    method: 'PUT',
    url: '/api/v1/secret-bindings/:name',
    operationId: 'bindSecret',
    summary: 'Bind a name to a key of a Secret in the namespace of the jobs',
    ...one,
    body: SecretBindingSubmissionSchema,
    answer: json(SecretBindingSchema, 'The binding as it is now.'),
    handle: bind,
  },
  {
    method: 'DELETE',
    url: '/api/v1/secret-bindings/:name',
    operationId: 'unbindSecret',
    summary: 'Take a name from its secret; later attempts that use it fail',
    ...one,
    answer: json(SecretBindingSchema, 'The binding as it was.'),
    handle: unbind,
  },
];
