import {
  digestHeader,
  jobId,
  judgeOutput,
  OrchestratorError,
  outputAudience,
  outputTooLarge,
  readDigestHeader,
  packHeaderBytes,
  packType,
  tooManyOutputs,
  type AcceptedOutput,
  type DeliveredOutput,
  type JobId,
} from '@job-orchestrator/types';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CollectorListenerOptions } from './listener.ts';

interface Target {
  readonly jobId: JobId;
  readonly attemptNumber: number;
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const route = new RegExp(`^/jobs/(${uuid})/attempts/([1-9]\\d{0,8})/output$`);

/** Matched whole, never by the path's end. Throws `route_not_found`, `method_not_allowed`. */
const readTarget = ({ method, url }: IncomingMessage): Target => {
  const found = route.exec(url ?? '');
  if (found === null)
    throw new OrchestratorError(
      'route_not_found',
      'Here is PUT /jobs/JOB/attempts/NUMBER/output, and no more.',
    );
  if (method !== 'PUT') throw new OrchestratorError('method_not_allowed', `Outputs are PUT, not ${method}.`);
  return { jobId: jobId(found[1] ?? ''), attemptNumber: Number(found[2]) };
};

const tooLarge = (bytes: number, limit: number): OrchestratorError =>
  new OrchestratorError('body_too_large', outputTooLarge(bytes, limit), [
    { field: 'body', message: `must be at most ${limit} bytes`, limit, value: String(bytes) },
  ]);

/** Before anybody asks who sends it: what says itself that it is too large is not read. A pack has names besides. */
const checkLength = ({ headers }: IncomingMessage, { bytes: limit }: OutputLimits): void => {
  const length = headers['content-length'];
  if (length === undefined)
    throw new OrchestratorError('malformed_request', 'The request does not say its Content-Length.');
  const names = headers['content-type'] === packType ? packHeaderBytes : 0;
  if (Number(length) > limit + names) throw tooLarge(Number(length), limit);
};

/** The same limits as the collector's, once it is known what is in the body. */
const checkFiles = ({ result, files }: Pick<Delivery, 'result' | 'files'>, limits: OutputLimits): void => {
  const count = files.length + (result === null ? 0 : 1);
  if (count > limits.files) {
    const message = tooManyOutputs(count, limits.files);
    const problem = { field: 'body', message, limit: limits.files, value: String(count) };
    throw new OrchestratorError('body_too_large', message, [problem]);
  }
  const bytes = files.reduce((sum, { content }) => sum + content.byteLength, result?.bytes ?? 0);
  if (bytes > limits.bytes) throw tooLarge(bytes, limits.bytes);
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
  const audience = outputAudience(installation, target.jobId, target.attemptNumber);
  const found = await pods.identify(token, audience);
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

type Delivery = Pick<DeliveredOutput, 'digest' | 'result' | 'files'>;

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const readOutput = async (request: IncomingMessage, limits: OutputLimits): Promise<Delivery> => {
  const content = await readBody(request);
  const digest = sha256(content);
  const said = readDigestHeader(String(request.headers[digestHeader] ?? ''));
  if (said !== digest)
    throw new OrchestratorError(
      'malformed_request',
      `Repr-Digest must be the sha-256 of the body, ${digest}.`,
    );
  const judged = judgeOutput(content, sha256);
  if (judged.kind === 'ready') {
    checkFiles(judged, limits);
    return { digest, result: judged.result, files: judged.files };
  }
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
  checkLength(request, options.limits);
  const instance = await identify(options, request, target);
  const delivery = await readOutput(request, options.limits);
  const answer = await options.outputs.accept({ ...target, instance, ...delivery });
  if (answer !== 'accepted' && answer !== 'repeated') throw refusals[answer]();
  const said = { bytes: delivery.result?.bytes ?? 0, files: delivery.files.length, answer };
  options.log.debug({ job: target.jobId, attempt: target.attemptNumber, ...said }, 'an output was delivered');
  return answer;
};
