export type {
  Client,
  DagRunQuery,
  DagVersionOptions,
  FollowEventsOptions,
  FollowOptions,
  LogOptions,
  ProjectOptions,
  ReasonOptions,
  RemoveProfileOptions,
  RerunRequest,
  StartRunRequest,
  SubmitOptions,
} from './api.ts';
export { createClient, type ClientOptions } from './client.ts';
export { mayPass } from './errors.ts';
export type { LogFacts, LogMessage, LogText } from './log-messages.ts';
export type { DeadLetterQuery, JobQuery, PageQuery } from './queries.ts';
export type { RunMessage } from './run-messages.ts';
export type { ReconnectRule } from './sse/reader.ts';
export type { CallOptions, SlowRule } from './transport.ts';
