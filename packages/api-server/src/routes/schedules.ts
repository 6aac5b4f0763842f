import {
  deleteSchedule,
  nextRuns,
  pauseSchedule,
  putSchedule,
  readSchedule,
  resumeSchedule,
} from '@job-orchestrator/operations';
import {
  DeletedScheduleSchema,
  FiringPageSchema,
  limits,
  Name,
  PutScheduleSchema,
  SchedulePageSchema,
  ScheduleSchema,
  schemaProblems,
  ScheduleSubmissionSchema,
  type DeletedScheduleDto,
  type FiringPage,
  type PageRequest,
  type PutScheduleDto,
  type ScheduleDto,
  type SchedulePage,
  type ScheduleRecord,
  type ScheduleSubmission,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toFiring, toSchedule } from '../dto/schedule-dto.ts';
import { optionalBody, requiredBody } from '../http/body.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import {
  NameParams,
  parameterReader,
  parameters,
  ProjectQuery,
  readName,
  readProject,
  refuse,
} from '../input/parameters.ts';
import { ReasonBody, writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

/** How many next times are shown unless asked for another number. */
const nextShown = 5;

const ScheduleListQuery = parameters({
  project: Type.Optional(Name),
  dag: Type.Optional(Name),
  ...pageParameters,
});
const readList = parameterReader(ScheduleListQuery);
const ScheduleQuery = parameters({
  project: Type.Optional(Name),
  next: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.schedule.timesShown,
      description: `How many of the next times to tell; ${nextShown} unless given.`,
    }),
  ),
});
const readScheduleQuery = parameterReader(ScheduleQuery);
const FiringListQuery = parameters({ project: Type.Optional(Name), ...pageParameters });
const readFirings = parameterReader(FiringListQuery);
const submissionProblems = schemaProblems(ScheduleSubmissionSchema);

const named = (request: FastifyRequest): readonly [project: string, name: string] => [
  readProject(request.query).project ?? 'default',
  readName(request.params).name,
];

const shown = async (
  { operations }: ApiContext,
  schedule: ScheduleRecord,
  next = nextShown,
): Promise<ScheduleDto> => toSchedule(schedule, await nextRuns(operations, schedule, next));

const shownByName = async (context: ApiContext, project: string, name: string): Promise<ScheduleDto> =>
  shown(context, await readSchedule(context.operations, project, name));

const put = async (context: ApiContext, request: FastifyRequest): Promise<PutScheduleDto> => {
  const { value } = requiredBody(request);
  refuse(submissionProblems(value));
  const { replace = false, reason, ...given } = value as ScheduleSubmission;
  const defaults = { project: 'default', timeZone: 'UTC', overlap: 'skip', catchUp: 'latest' } as const;
  const schedule = { ...defaults, inputs: {}, paused: false, ...given };
  const why = writeContext('scheduled by a user', reason === undefined ? {} : { reason });
  const { created } = await putSchedule(context.operations, schedule, replace, why);
  return { created, schedule: await shownByName(context, schedule.project, schedule.name) };
};

const list = async (context: ApiContext, request: FastifyRequest): Promise<SchedulePage> => {
  const query = readList(request.query);
  const { project = null, dag = null } = query;
  return readPage(
    listKey('schedules', { project, dag }),
    query,
    (page) => context.database.schedules.list(project, dag, page),
    (schedule) => shown(context, schedule),
  );
};

const get = async (context: ApiContext, request: FastifyRequest): Promise<ScheduleDto> => {
  const { project = 'default', next } = readScheduleQuery(request.query);
  const { name } = readName(request.params);
  return shown(context, await readSchedule(context.operations, project, name), next);
};

const firings = async (context: ApiContext, request: FastifyRequest): Promise<FiringPage> => {
  const query = readFirings(request.query);
  const { project = 'default' } = query;
  const { id } = await readSchedule(context.operations, project, readName(request.params).name);
  const read = (page: PageRequest) => context.database.schedules.listFirings(id, page);
  return readPage(listKey('firings', { id }), query, read, toFiring);
};

const pause = async (context: ApiContext, request: FastifyRequest): Promise<ScheduleDto> => {
  const why = writeContext('paused by a user', optionalBody(request));
  await pauseSchedule(context.operations, ...named(request), why);
  return shownByName(context, ...named(request));
};

const resume = async (context: ApiContext, request: FastifyRequest): Promise<ScheduleDto> => {
  const why = writeContext('resumed by a user', optionalBody(request));
  await resumeSchedule(context.operations, ...named(request), why);
  return shownByName(context, ...named(request));
};

const remove = async (context: ApiContext, request: FastifyRequest): Promise<DeletedScheduleDto> => {
  const [project, name] = named(request);
  await deleteSchedule(context.operations, project, name, writeContext('deleted by a user'));
  return { project, name, deleted: true };
};

const oneSchedule = { tag: 'dags', access: 'token', params: NameParams } as const;
const changing = { ...oneSchedule, query: ProjectQuery, body: ReasonBody } as const;

export const scheduleRoutes: readonly Route[] = [
  {
    method: 'POST',
    url: '/api/v1/schedules',
    operationId: 'createSchedule',
    summary: 'Run a DAG at the times of a cron expression',
    tag: 'dags',
    access: 'token',
    body: ScheduleSubmissionSchema,
    answer: json(PutScheduleSchema, 'The schedule is stored.', 201),
    handle: put,
  },
  {
    method: 'GET',
    url: '/api/v1/schedules',
    operationId: 'listSchedules',
    summary: 'List schedules with their next times',
    tag: 'dags',
    access: 'token',
    query: ScheduleListQuery,
    answer: json(SchedulePageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/schedules/:name',
    operationId: 'getSchedule',
    summary: 'Read a schedule with its next times',
    ...oneSchedule,
    query: ScheduleQuery,
    answer: json(ScheduleSchema, 'The schedule.'),
    handle: get,
  },
  {
    method: 'GET',
    url: '/api/v1/schedules/:name/firings',
    operationId: 'listFirings',
    summary: 'List what became of the times of a schedule, newest first',
    ...oneSchedule,
    query: FiringListQuery,
    answer: json(FiringPageSchema, 'One page.'),
    handle: firings,
  },
  {
    method: 'POST',
    url: '/api/v1/schedules/:name/pause',
    operationId: 'pauseSchedule',
    summary: 'Start nothing until it is resumed',
    ...changing,
    answer: json(ScheduleSchema, 'The schedule is paused.'),
    handle: pause,
  },
  {
    method: 'POST',
    url: '/api/v1/schedules/:name/resume',
    operationId: 'resumeSchedule',
    summary: 'Go on with the next time to come',
    ...changing,
    answer: json(ScheduleSchema, 'The schedule goes on.'),
    handle: resume,
  },
  {
    method: 'DELETE',
    url: '/api/v1/schedules/:name',
    operationId: 'deleteSchedule',
    summary: 'Delete a schedule with the record of its times; its runs stay',
    ...oneSchedule,
    query: ProjectQuery,
    answer: json(DeletedScheduleSchema, 'The schedule is gone.'),
    handle: remove,
  },
];
