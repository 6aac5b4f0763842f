import type { RuntimeKind } from '@job-orchestrator/types';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';

/** Where the data lies. */
export type DatabaseConfig =
  | { readonly kind: 'postgres'; readonly url: string; readonly listenUrl: string }
  | { readonly kind: 'embedded' };

/** An address to listen on. Port 0: any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export type TokenSource =
  { readonly kind: 'value'; readonly token: string } | { readonly kind: 'file'; readonly path: string };

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/** Every setting, parsed and frozen. Units are in the names. */
export interface Config {
  readonly database: DatabaseConfig;
  /** Folder of the embedded database, of local processes, and of `dev`'s token. */
  readonly dataDir: string;
  /** Full months of history before the running one; null: all. */
  readonly historyMonths: number | null;
  readonly executor: {
    readonly name: string;
    /** null: all. */
    readonly topics: readonly string[] | null;
    readonly pollIntervalMs: number;
    readonly batchSize: number;
    readonly maxRunning: number;
    readonly launchRatePerSecond: number;
  };
  readonly runtime: RuntimeKind;
  readonly kubernetes: { readonly namespace: string; readonly inCluster: boolean };
  readonly api: { readonly listen: ListenAddress; readonly token: TokenSource | null };
  readonly collector: {
    readonly image: string | null;
    readonly serviceUrl: string | null;
    readonly listen: ListenAddress | null;
    /** How much a job may leave as its output, in both runtimes. */
    readonly limits: OutputLimits;
  };
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** What the machine says, and what the command prefers; read once at the edge so that parsing stays pure. */
export interface Surroundings {
  readonly hostName: string;
  readonly cores: number;
  readonly homeDir: string;
  /** A few characters that differ at each start. */
  readonly randomSuffix: string;
  readonly defaultRuntime: RuntimeKind;
  readonly defaultLog: Config['log'];
}
