import {
  contentTypeOf,
  OrchestratorError,
  outputNameFault,
  OutputListSchema,
  writeDigestHeader,
  type OutputList,
} from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { parameters } from '../input/parameters.ts';
import { readRecord, selectedJob, SelectorParams } from './jobs.ts';
import { json, type Route } from './route.ts';

const list = async (context: ApiContext, request: FastifyRequest): Promise<OutputList> => {
  const { id } = await readRecord(context, await selectedJob(context, request));
  const items = await context.database.history.listOutputs(id);
  return {
    items: items.map(({ name, bytes, digest }) => ({
      name,
      contentType: contentTypeOf(name),
      bytes,
      digest,
    })),
  };
};

const OutputParams = parameters({
  selector: SelectorParams.properties.selector,
  name: Type.String({ description: "The output file's name; `result.json` is the job's result." }),
});

const shownNames = 10;

/** Why there is no such output, and what there is. */
const noOutput = async (context: ApiContext, request: FastifyRequest, name: string) => {
  const record = await readRecord(context, await selectedJob(context, request));
  const problem = { field: 'name', message: 'is no output of this job', value: name };
  if (!record.spec.output)
    return new OrchestratorError('output_not_found', `Job ${record.id} declares no output.`, [problem]);
  if (record.state !== 'completed') {
    const detail = `Job ${record.id} is ${record.state}; only a completed job has outputs.`;
    return new OrchestratorError('output_not_found', detail, [problem]);
  }
  const names = (await context.database.history.listOutputs(record.id)).map((output) => output.name);
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  const detail = `Job ${record.id} has no output of this name; it has ${names.slice(0, shownNames).join(', ')}${more}.`;
  return new OrchestratorError('output_not_found', detail, [problem]);
};

/** As an attachment with a type that no browser runs: what a job wrote must not speak in our name. */
const send = async (context: ApiContext, request: FastifyRequest, reply: FastifyReply) => {
  const { name } = request.params as { readonly name: string };
  const job = await selectedJob(context, request);
  const found = outputNameFault(name) === null ? await context.database.history.getOutput(job, name) : null;
  if (found === null) throw await noOutput(context, request, name);
  return reply
    .header('content-disposition', `attachment; filename="${found.name}"`)
    .header('repr-digest', writeDigestHeader(found.digest))
    .type(contentTypeOf(found.name))
    .send(Buffer.from(found.content));
};

export const jobOutputRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector/outputs',
    operationId: 'listOutputs',
    summary: 'List the output files of a completed job, its result among them; empty for any other job',
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    answer: json(OutputListSchema, 'The files by name.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector/outputs/:name',
    operationId: 'readOutput',
    summary: 'Read one output file of a completed job',
    tag: 'jobs',
    access: 'token',
    params: OutputParams,
    answer: {
      status: 200,
      description:
        'The file byte by byte, as an attachment, with its sha-256 as `Repr-Digest`. Its content type follows from its ' +
        'name; what a browser would run is `application/octet-stream`.',
      content: { 'application/octet-stream': Type.String({ format: 'binary' }) },
    },
    handle: send,
  },
];
