import type { Readable } from 'node:stream';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiResult } from '../http/api-result.ts';
import { query, type Paths } from '../http/paths.ts';
import { mainContainer } from '../manifest.ts';

export interface LogQuery {
  /** The program's container unless given. */
  readonly container?: string;
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * What is told in the place of a log that Kubernetes does not let us read; null where that is not why there is none.
 * Always the same words, for readers go on by place.
 */
export const wordsOfRefusal = (answer: ApiResult<unknown>): Uint8Array | null => {
  if (answer.kind !== 'refused' || answer.status !== 403) return null;
  return new TextEncoder().encode(
    '(This log cannot be read: Kubernetes does not grant "get" on "pods/log". Grant it to who reads logs here: the README ' +
      `lists the rights, and "doctor" asks for each. Kubernetes says: ${answer.message})\n`,
  );
};

/** Opens the log of a container of a pod. `not_found` and `refused` (400: not started): there is none. */
export const openLog = (
  api: ApiClient,
  paths: Paths,
  pod: string,
  given: LogQuery,
): Promise<ApiResult<Readable>> => {
  const { signal, ...parameters } = given;
  const path = paths.podLog(pod) + query({ container: mainContainer, ...parameters });
  return api.stream({ path, ...(signal === undefined ? {} : { signal }) });
};

/** A time in Kubernetes' format has 30 to 35 bytes. */
const nameBytes = 64;

/**
 * What tells the files of one log apart: the time of their first line, to the nanosecond. Null: nothing was written yet, or
 * it cannot be said.
 */
export const readFileName = async (
  api: ApiClient,
  paths: Paths,
  pod: string,
  given: Pick<LogQuery, 'container' | 'signal'>,
): Promise<string | null> => {
  try {
    const opened = await openLog(api, paths, pod, { ...given, timestamps: true, limitBytes: nameBytes });
    if (opened.kind !== 'ok') return null;
    let head = '';
    for await (const chunk of opened.body) head += Buffer.from(chunk as Uint8Array).toString('latin1');
    return head.split(' ', 1)[0] || null;
  } catch {
    return null;
  }
};
