import type { Logger } from '@job-orchestrator/types';

const ignore = (): void => undefined;

/** Says nothing. */
export const silentLog: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
