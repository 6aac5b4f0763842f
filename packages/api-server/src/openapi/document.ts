import swagger from '@fastify/swagger';
import { ProblemSchema } from '@job-orchestrator/types';
import { fastify, type FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import type { Route } from '../routes/route.ts';
import { withReferences, type NamedSchemas } from './named-schemas.ts';

const info = {
  title: 'Job Orchestrator',
  version: 'v1',
  description:
    'Submit container jobs, watch them, read their logs. Errors are problem+json (RFC 9457) with a stable `code`; ' +
    'lists are paged by opaque cursors; streams are server-sent events that resume by `Last-Event-ID`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const tags = [
  { name: 'jobs', description: 'Units of work' },
  { name: 'dags', description: 'Workflows of jobs, and their runs' },
  { name: 'images', description: 'What jobs may run' },
  { name: 'topics', description: 'Named queues' },
  { name: 'server', description: 'The installation and its health' },
];

type Content = Readonly<Record<string, TSchema>>;

const contentOf = (content: Content, named: NamedSchemas): object =>
  Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: withReferences(schema, named) }]),
  );

const responsesOf = (route: Route, named: NamedSchemas): object => {
  const problem = {
    description: 'What was wrong, where, and what to do.',
    content: contentOf({ 'application/problem+json': ProblemSchema }, named),
  };
  const { status, description, content } = route.answer;
  return { [status]: { description, content: contentOf(content, named) }, '4XX': problem, '5XX': problem };
};

/** A route in the words of @fastify/swagger. */
const describe = (route: Route, named: NamedSchemas): FastifySchema => ({
  operationId: route.operationId,
  summary: route.summary,
  tags: [route.tag],
  ...(route.access === 'public' ? { security: [] } : {}),
  ...(route.params === undefined ? {} : { params: route.params }),
  ...(route.query === undefined ? {} : { querystring: route.query }),
  ...(route.headers === undefined ? {} : { headers: route.headers }),
  ...(route.body === undefined ? {} : { body: withReferences(route.body, named) }),
  response: responsesOf(route, named),
});

/** The OpenAPI 3.1 document of a list of routes; the same routes give the same text. */
export const openApiDocument = async (routes: readonly Route[]): Promise<object> => {
  const app = fastify({ exposeHeadRoutes: false });
  // Nothing is served here, so nothing is validated or serialized by these schemas.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      tags,
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    refResolver: { buildLocalReference: (schema) => schema['$id'] as string },
  });
  const named: NamedSchemas = new Map();
  for (const route of routes) {
    const schema = describe(route, named);
    app.route({ method: route.method, url: route.url, schema, handler: () => undefined });
  }
  for (const id of [...named.keys()].toSorted()) app.addSchema(named.get(id));
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
};
