import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { outputType, outputPath, writeDigestHeader } from '@job-orchestrator/types/outputs';
import { judgeAnswer, type Judgement } from './judge-answer.ts';
import type { Settings } from './settings.ts';

/** Everything that a job left, packed, as it is sent. */
export interface Parcel {
  readonly content: Uint8Array;
  readonly digest: string;
}

/** An answer that takes longer is as good as none. */
const answerMs = 3_000;
const answerChars = 10_000;

const optionsOf = (settings: Settings, { content, digest }: Parcel, limitMs: number): RequestOptions => ({
  method: 'PUT',
  agent: false,
  signal: AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(limitMs, answerMs)))),
  headers: {
    // Read anew for each try: the kubelet renews it.
    authorization: `Bearer ${readFileSync(settings.tokenFile, 'utf8').trim()}`,
    'content-type': outputType(content),
    'content-length': content.byteLength,
    'repr-digest': writeDigestHeader(digest),
  },
});

const readAnswer = (answer: IncomingMessage, done: (judged: Judgement) => void): void => {
  let body = '';
  answer.setEncoding('utf8').on('data', (part: string) => {
    if (body.length < answerChars) body += part;
  });
  answer.on('end', () => done(judgeAnswer(answer.statusCode ?? 0, body)));
  answer.on('error', (error) => done({ kind: 'again', message: error.message }));
};

/** Sends an output once; never rejects. `limitMs`: how long it may take. */
export const putOutput = async (
  settings: Settings,
  apiUrl: string,
  parcel: Parcel,
  limitMs: number,
): Promise<Judgement> => {
  const target = `${apiUrl}${outputPath(settings.jobId, settings.attemptNumber)}`;
  try {
    // Loaded only now: an idle collector does without HTTP and TLS.
    const { request } = process.getBuiltinModule(target.startsWith('https:') ? 'node:https' : 'node:http');
    const options = optionsOf(settings, parcel, limitMs);
    return await new Promise((done) => {
      const sent = request(target, options, (answer) => readAnswer(answer, done));
      sent.on('error', (error) => done({ kind: 'again', message: error.message }));
      sent.end(parcel.content);
    });
  } catch (error) {
    return { kind: 'again', message: (error as Error).message };
  }
};
