import {
  InstallationSchema,
  ReadinessSchema,
  type InstallationDto,
  type Readiness,
} from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { parameterReader, parameters } from '../input/parameters.ts';
import { json, type Route } from './route.ts';

const installation = (context: ApiContext): InstallationDto => ({
  installation: context.installation,
  version: context.version,
  runtime: context.runtimeKind,
  database: context.databaseKind,
});

const ReadinessQuery = parameters({
  verbose: Type.Optional(Type.Boolean({ description: 'List the checks.' })),
});
const readReadiness = parameterReader(ReadinessQuery);

/** Asks the database, for so long at most. */
const pingDatabase = async (context: ApiContext): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), context.timings.readinessMs);
  });
  try {
    await Promise.race([context.database.ping(), late]);
    return true;
  } catch (error) {
    // The caller needs no token, so it only learns that the check failed; the log says why.
    context.log.warn({ err: error }, 'not ready: the database does not answer');
    return false;
  } finally {
    clearTimeout(timer);
  }
};

const readyz = async (
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Readiness> => {
  const { verbose } = readReadiness(request.query);
  const began = performance.now();
  const ok = await pingDatabase(context);
  const milliseconds = Math.round(performance.now() - began);
  const ready = ok && !context.closing.aborted;
  reply.code(ready ? 200 : 503);
  return verbose === true ? { ready, checks: [{ name: 'database', ok, milliseconds }] } : { ready };
};

export const serverRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/installation',
    operationId: 'getInstallation',
    summary: 'What answers here',
    tag: 'server',
    access: 'token',
    answer: json(InstallationSchema, 'The installation.'),
    handle: installation,
  },
  {
    method: 'GET',
    url: '/livez',
    operationId: 'livez',
    summary: 'Whether the process answers; depends on nothing else',
    tag: 'server',
    access: 'public',
    answer: { status: 200, description: 'It does.', content: { 'text/plain': Type.String() } },
    handle: (_context, _request, reply) => {
      reply.type('text/plain; charset=utf-8');
      return 'ok\n';
    },
  },
  {
    method: 'GET',
    url: '/readyz',
    operationId: 'readyz',
    summary: 'Whether requests can be served now; answers 503 where they cannot',
    tag: 'server',
    access: 'public',
    query: ReadinessQuery,
    answer: json(ReadinessSchema, 'Ready.'),
    handle: readyz,
  },
  {
    method: 'GET',
    url: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document',
    tag: 'server',
    access: 'public',
    answer: json(Type.Object({}, { additionalProperties: true }), 'OpenAPI 3.1.'),
    handle: (context) => context.openApi,
  },
];
