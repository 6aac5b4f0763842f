import type {
  BackfillDto,
  BackfillPage,
  BackfillPlanDto,
  CancelledBackfillDto,
  DeletedScheduleDto,
  FiringPage,
  PutScheduleDto,
  ScheduleDto,
  SchedulePage,
} from '@job-orchestrator/types';
import type { Client, ReasonOptions } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, keyHeader, segment, type Transport } from '../transport.ts';

type ScheduleCalls = Pick<
  Client,
  | 'createSchedule'
  | 'listSchedules'
  | 'getSchedule'
  | 'listFirings'
  | 'pauseSchedule'
  | 'resumeSchedule'
  | 'deleteSchedule'
>;
type BackfillCalls = Pick<Client, 'startBackfill' | 'listBackfills' | 'getBackfill' | 'cancelBackfill'>;

const schedulePath = (name: string, rest = ''): string => `/api/v1/schedules/${segment(name, 'name')}${rest}`;
const backfillPath = (selector: string, rest = ''): string =>
  `/api/v1/backfills/${segment(selector, 'selector')}${rest}`;

/** The body of a change that may say why. */
const reasonBody = ({ reason }: ReasonOptions): object => (reason === undefined ? {} : { reason });

export const scheduleCalls = (transport: Transport): ScheduleCalls => ({
  createSchedule: (schedule, options = {}) =>
    transport.json<PutScheduleDto>({
      ...callOptions(options),
      method: 'POST',
      path: '/api/v1/schedules',
      body: schedule,
    }),
  listSchedules: (query = {}, options = {}) =>
    transport.json<SchedulePage>({
      ...callOptions(options),
      method: 'GET',
      path: '/api/v1/schedules',
      query: queryOf({ ...query }),
    }),
  getSchedule: async (name, query = {}, options = {}) =>
    transport.json<ScheduleDto>({
      ...callOptions(options),
      method: 'GET',
      path: schedulePath(name),
      query: queryOf({ ...query }),
    }),
  listFirings: async (name, query = {}, options = {}) =>
    transport.json<FiringPage>({
      ...callOptions(options),
      method: 'GET',
      path: schedulePath(name, '/firings'),
      query: queryOf({ ...query }),
    }),
  pauseSchedule: async (name, options = {}) =>
    transport.json<ScheduleDto>({
      ...callOptions(options),
      method: 'POST',
      path: schedulePath(name, '/pause'),
      query: queryOf({ project: options.project }),
      body: reasonBody(options),
    }),
  resumeSchedule: async (name, options = {}) =>
    transport.json<ScheduleDto>({
      ...callOptions(options),
      method: 'POST',
      path: schedulePath(name, '/resume'),
      query: queryOf({ project: options.project }),
      body: reasonBody(options),
    }),
  deleteSchedule: async (name, options = {}) =>
    transport.json<DeletedScheduleDto>({
      ...callOptions(options),
      method: 'DELETE',
      path: schedulePath(name),
      query: queryOf({ project: options.project }),
    }),
});

export const backfillCalls = (transport: Transport): BackfillCalls => ({
  startBackfill: async (dag, { idempotencyKey, project, ...body }, options = {}) =>
    transport.json<BackfillPlanDto>({
      ...callOptions(options),
      method: 'POST',
      path: `/api/v1/dags/${segment(dag, 'name')}/backfills`,
      query: queryOf({ project }),
      body,
      headers: keyHeader(idempotencyKey),
    }),
  listBackfills: (query = {}, options = {}) =>
    transport.json<BackfillPage>({
      ...callOptions(options),
      method: 'GET',
      path: '/api/v1/backfills',
      query: queryOf({ ...query }),
    }),
  getBackfill: async (selector, options = {}) =>
    transport.json<BackfillDto>({ ...callOptions(options), method: 'GET', path: backfillPath(selector) }),
  cancelBackfill: async (selector, options = {}) =>
    transport.json<CancelledBackfillDto>({
      ...callOptions(options),
      method: 'POST',
      path: backfillPath(selector, '/cancel'),
      body: reasonBody(options),
    }),
});
