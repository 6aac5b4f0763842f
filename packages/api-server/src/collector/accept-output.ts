import {
  attemptId,
  digestHeader,
  jobId,
  judgeOutput,
  OrchestratorError,
  outputAudience,
  outputTooLarge,
  readDigestHeader,
  type AcceptedOutput,
  type AttemptId,
  type JobId,
  type JobOutput,
} from '@job-orchestrator/types';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CollectorListenerOptions } from './listener.ts';

interface Target {
  readonly jobId: JobId;
  readonly attemptId: AttemptId;
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const route = new RegExp(`^/jobs/(${uuid})/attempts/(${uuid})/output$`);

/** Matched whole, never by the path's end. Throws `route_not_found`, `method_not_allowed`. */
const readTarget = ({ method, url }: IncomingMessage): Target => {
  const found = route.exec(url ?? '');
  if (found === null)
    throw new OrchestratorError(
      'route_not_found',
      'Here is PUT /jobs/JOB/attempts/ATTEMPT/output, and no more.',
    );
  if (method !== 'PUT') throw new OrchestratorError('method_not_allowed', `Outputs are PUT, not ${method}.`);
  return { jobId: jobId(found[1] ?? ''), attemptId: attemptId(found[2] ?? '') };
};

const tooLarge = (bytes: number, limit: number): OrchestratorError =>
  new OrchestratorError('body_too_large', outputTooLarge(bytes, limit), [
    { field: 'body', message: `must be at most ${limit} bytes`, limit, value: String(bytes) },
  ]);

/** Before anybody asks who sends it: what says itself that it is too large is not read. */
const checkLength = ({ headers }: IncomingMessage, limit: number): void => {
  const length = headers['content-length'];
  if (length === undefined)
    throw new OrchestratorError('malformed_request', 'The request does not say its Content-Length.');
  if (Number(length) > limit) throw tooLarge(Number(length), limit);
};

const unauthorized = (why: string): OrchestratorError => new OrchestratorError('unauthorized', why);

/** The uid of the pod that sends this; its token must have been made for this attempt's output. */
const identify = async (
  { pods, installation, log }: CollectorListenerOptions,
  request: IncomingMessage,
  target: Target,
): Promise<string> => {
  const token = /^bearer +([!-~]{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized('The request carries no bearer token.');
  const found = await pods.identify(token, outputAudience(installation, target.jobId, target.attemptId));
  if (found.kind === 'pod') return found.uid;
  if (found.kind === 'refused') throw unauthorized(found.message);
  log.warn(
    { error: found.message },
    'Kubernetes cannot be asked whose token this is; needs tokenreviews create',
  );
  throw new OrchestratorError('runtime_unavailable', `Kubernetes cannot be asked: ${found.message}`);
};

/** Reads the body, which is no longer than it says: Node sees to that. */
const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const readOutput = async (request: IncomingMessage): Promise<JobOutput> => {
  const content = await readBody(request);
  const digest = createHash('sha256').update(content).digest('hex');
  const said = readDigestHeader(String(request.headers[digestHeader] ?? ''));
  if (said !== digest)
    throw new OrchestratorError(
      'malformed_request',
      `Repr-Digest must be the sha-256 of the body, ${digest}.`,
    );
  const judged = judgeOutput(content, digest);
  if (judged.kind === 'ready') return { value: judged.value, bytes: judged.bytes, digest };
  const message = judged.kind === 'invalid' ? judged.message : 'The output is not valid.';
  throw new OrchestratorError('invalid_input', message, [{ field: 'body', message }]);
};

const refusals: Readonly<Record<Exclude<AcceptedOutput, 'accepted' | 'repeated'>, () => OrchestratorError>> =
  {
    differs: () =>
      new OrchestratorError('output_already_accepted', 'Another output of this attempt was accepted before.'),
    closed: () => new OrchestratorError('attempt_closed', 'This attempt is closed, or there is none.'),
    too_early: () =>
      new OrchestratorError('output_too_early', 'The executor has not seen yet which pod runs this attempt.'),
    foreign: () => new OrchestratorError('output_foreign', 'Another pod runs this attempt.'),
  };

/** One delivery: size, sender, content, and then the database decides. Throws an `OrchestratorError` for each refusal. */
export const acceptOutput = async (
  options: CollectorListenerOptions,
  request: IncomingMessage,
): Promise<'accepted' | 'repeated'> => {
  const target = readTarget(request);
  checkLength(request, options.limitBytes);
  const instance = await identify(options, request, target);
  const output = await readOutput(request);
  const answer = await options.outputs.accept({ ...target, instance, output });
  if (answer !== 'accepted' && answer !== 'repeated') throw refusals[answer]();
  options.log.debug({ attempt: target.attemptId, bytes: output.bytes, answer }, 'an output was delivered');
  return answer;
};
