import type { Logger } from '@job-orchestrator/types';

const nothing = (): void => undefined;

/** A logger that says nothing. */
export const silentLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
