import { limits, OrchestratorError } from '@job-orchestrator/types';
import { fastify, type FastifyInstance, type FastifyRequest, type HTTPMethods } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { ApiContext } from './context.ts';
import { acceptOnlyJson } from './http/body.ts';
import { answerUnreadable } from './http/client-error.ts';
import { guard, type Trust } from './http/guards.ts';
import { securityHeaders } from './http/headers.ts';
import { sendProblem } from './http/problems.ts';
import type { Route } from './routes/route.ts';

/** What a route tells the guard; read from the matched route, never from the path. */
interface RouteConfig {
  readonly access?: 'public' | 'token';
}

const accessOf = (request: FastifyRequest): 'public' | 'token' =>
  (request.routeOptions.config as RouteConfig | undefined)?.access ?? 'token';

const createInstance = (context: ApiContext): FastifyInstance =>
  fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: context.timings.requestMs,
    // Longer than the keep-alive of common proxies (60 s), so that they never write into a closing connection.
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply, context.log),
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: 1_024 },
  });

/** All that happens to every request before its route, and after. */
const addHooks = (app: FastifyInstance, context: ApiContext, trust: Trust): void => {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...securityHeaders, 'x-request-id': request.id });
    guard(trust, request.headers, accessOf(request));
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, id } = request;
    const fields = { requestId: id, method, route: routeOptions.url, status: reply.statusCode };
    context.log.debug({ ...fields, milliseconds: Math.round(reply.elapsedTime) }, 'request');
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, context.log));
  app.setNotFoundHandler((request, reply) => {
    const error = new OrchestratorError(
      'route_not_found',
      `There is nothing at ${request.method} ${request.url.slice(0, 255)}.`,
    );
    return sendProblem(error, request, reply, context.log);
  });
};

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const refuseOtherMethods = (app: FastifyInstance, url: string, allowed: readonly string[]): void => {
  const others = methods.filter((method) => !allowed.includes(method));
  app.route({
    method: others,
    url,
    handler: (request, reply) => {
      reply.header('allow', allowed.join(', '));
      throw new OrchestratorError(
        'method_not_allowed',
        `${url} knows ${allowed.join(', ')}, not ${request.method}.`,
      );
    },
  });
};

/** Streams have no HEAD: it would follow a job to its end to say nothing. */
const hasHead = (route: Route): boolean =>
  route.method === 'GET' && route.answer.content['text/event-stream'] === undefined;

const addRoutes = (app: FastifyInstance, context: ApiContext, routes: readonly Route[]): void => {
  const allowed = new Map<string, string[]>();
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.url,
      exposeHeadRoute: hasHead(route),
      config: { access: route.access } satisfies RouteConfig,
      handler: async (request, reply) => {
        reply.code(route.answer.status);
        return route.handle(context, request, reply);
      },
    });
    const known = allowed.get(route.url) ?? [];
    allowed.set(route.url, [...known, route.method, ...(hasHead(route) ? ['HEAD'] : [])]);
  }
  for (const [url, known] of allowed) refuseOtherMethods(app, url, known);
};

/** The application without a listener. */
export const createApp = (context: ApiContext, routes: readonly Route[], trust: Trust): FastifyInstance => {
  const app = createInstance(context);
  acceptOnlyJson(app);
  addHooks(app, context, trust);
  addRoutes(app, context, routes);
  // A storm of connections must not take every file handle of the process; 2,000 streams cost some 60 MB.
  app.server.maxConnections = 2_000;
  return app;
};
