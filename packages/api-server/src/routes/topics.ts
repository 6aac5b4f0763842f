import { limitTopic, pauseTopic, resumeTopic } from '@job-orchestrator/operations';
import {
  limits,
  schemaProblems,
  TopicListSchema,
  TopicSchema,
  type TopicDto,
  type TopicList,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toTopic } from '../dto/to-dto.ts';
import { requiredBody } from '../http/body.ts';
import { NameParams, ProjectQuery, readName, readProject, refuse } from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const LimitBody = Type.Object(
  {
    limit: Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: limits.topicLimit }),
  },
  {
    additionalProperties: false,
    $id: 'TopicLimit',
    title: 'How many jobs of a topic may run at once; null: no limit',
  },
);
/** The shape only: what a limit may be is a rule of the operation, which the CLI and the SDK share. */
const limitShape = schemaProblems(Type.Object({ limit: Type.Unknown() }, { additionalProperties: false }));

const named = (request: FastifyRequest): readonly [project: string, name: string] => [
  readProject(request.query).project ?? 'default',
  readName(request.params).name,
];

const list = async (context: ApiContext, request: FastifyRequest): Promise<TopicList> => {
  const topics = await context.database.topics.list(readProject(request.query).project ?? null);
  return { items: topics.map(toTopic) };
};

const pause = async (context: ApiContext, request: FastifyRequest): Promise<TopicDto> =>
  toTopic(await pauseTopic(context.operations, ...named(request), writeContext('paused by a user')));

const resume = async (context: ApiContext, request: FastifyRequest): Promise<TopicDto> =>
  toTopic(await resumeTopic(context.operations, ...named(request), writeContext('resumed by a user')));

const limit = async (context: ApiContext, request: FastifyRequest): Promise<TopicDto> => {
  const { value } = requiredBody(request);
  refuse(limitShape(value));
  const most = (value as { readonly limit: number | null }).limit;
  return toTopic(
    await limitTopic(context.operations, ...named(request), most, writeContext('limited by a user')),
  );
};

const oneTopic = {
  tag: 'topics',
  access: 'token',
  params: NameParams,
  query: ProjectQuery,
  answer: json(TopicSchema, 'The topic as it is now.'),
} as const;

export const topicRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/topics',
    operationId: 'listTopics',
    summary: 'List topics with what stands in them',
    tag: 'topics',
    access: 'token',
    query: ProjectQuery,
    answer: json(TopicListSchema, 'All topics.'),
    handle: list,
  },
  {
    method: 'POST',
    url: '/api/v1/topics/:name/pause',
    operationId: 'pauseTopic',
    summary: 'Start no more jobs of this topic; what runs goes on',
    ...oneTopic,
    handle: pause,
  },
  {
    method: 'POST',
    url: '/api/v1/topics/:name/resume',
    operationId: 'resumeTopic',
    summary: 'Start jobs of this topic again',
    ...oneTopic,
    handle: resume,
  },
  {
    method: 'PUT',
    url: '/api/v1/topics/:name/limit',
    operationId: 'limitTopic',
    summary: 'Limit how many jobs of this topic run at once',
    ...oneTopic,
    body: LimitBody,
    handle: limit,
  },
];
