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
  readonly signal?: AbortSignal;
}

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
