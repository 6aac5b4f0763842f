import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import type { ApiContext } from '../context.ts';

/** What an answer looks like, for /openapi.json. */
export interface Answer {
  readonly status: 200 | 201;
  readonly description: string;
  /** Content type → schema. */
  readonly content: Readonly<Record<string, TSchema>>;
}

/** One route as data: the server registers it, /openapi.json describes it, and the tests walk over all. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: 'jobs' | 'dags' | 'images' | 'profiles' | 'secrets' | 'topics' | 'server';
  /** `public`: needs no token. Everything else does. */
  readonly access: 'public' | 'token';
  readonly params?: TObject;
  readonly query?: TObject;
  readonly headers?: TObject;
  readonly body?: TSchema;
  readonly answer: Answer;
  /** Returns the body, or nothing where it has answered by itself. */
  readonly handle: (context: ApiContext, request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** An answer in JSON. */
export const json = (schema: TSchema, description: string, status: 200 | 201 = 200): Answer => ({
  status,
  description,
  content: { 'application/json': schema },
});
