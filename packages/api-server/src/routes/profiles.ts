import { putProfile, readProfile, removeProfile } from '@job-orchestrator/operations';
import {
  Name,
  ProfileListSchema,
  ProfileSchema,
  ProfileSubmissionSchema,
  validateProfile,
  type ProfileDto,
  type ProfileList,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toProfile } from '../dto/to-dto.ts';
import { named, namedBody } from '../input/named-body.ts';
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

const RemoveQuery = parameters({ project: Type.Optional(Name), force: Type.Optional(Type.Boolean()) });
const readRemove = parameterReader(RemoveQuery);

const list = async ({ database }: ApiContext, request: FastifyRequest): Promise<ProfileList> => {
  const profiles = await database.profiles.list(readProject(request.query).project ?? null);
  return { items: profiles.map(toProfile) };
};

const get = async (context: ApiContext, request: FastifyRequest): Promise<ProfileDto> => {
  const { name, project } = named(request);
  return toProfile(await readProfile(context.operations, project, name));
};

const put = async (context: ApiContext, request: FastifyRequest): Promise<ProfileDto> => {
  const profile = validateProfile(namedBody(request));
  return toProfile(await putProfile(context.operations, profile, writeContext('defined by a user')));
};

const remove = async (context: ApiContext, request: FastifyRequest): Promise<ProfileDto> => {
  const { project = 'default', force = false } = readRemove(request.query);
  const { name } = readName(request.params);
  const why = writeContext('removed by a user');
  return toProfile(await removeProfile(context.operations, { project, name, force }, why));
};

const one = { tag: 'profiles', access: 'token', params: NameParams } as const;

export const profileRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/profiles',
    operationId: 'listProfiles',
    summary: 'List profiles',
    tag: 'profiles',
    access: 'token',
    query: ProjectQuery,
    answer: json(ProfileListSchema, 'All profiles.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/profiles/:name',
    operationId: 'getProfile',
    summary: 'Read a profile',
    ...one,
    query: ProjectQuery,
    answer: json(ProfileSchema, 'The profile.'),
    handle: get,
  },
  {
    method: 'PUT',
    url: '/api/v1/profiles/:name',
    operationId: 'putProfile',
    summary: 'Define a profile or replace it; later attempts of jobs that name it follow',
    ...one,
    query: ProjectQuery,
    body: ProfileSubmissionSchema,
    answer: json(ProfileSchema, 'The profile as it is now.'),
    handle: put,
  },
  {
    method: 'DELETE',
    url: '/api/v1/profiles/:name',
    operationId: 'removeProfile',
    summary: 'Remove a profile; with `force` even while live jobs name it',
    ...one,
    query: RemoveQuery,
    answer: json(ProfileSchema, 'The profile as it was.'),
    handle: remove,
  },
];
