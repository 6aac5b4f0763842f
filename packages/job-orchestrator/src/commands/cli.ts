import { homedir } from 'node:os';
import { defaultDataDir, type Environment } from '../config/environment.ts';
import type { OutputFormat } from '../output/format-names.ts';
import type { Screen } from '../output/screen.ts';

/** What every command gets: where to write, and what surrounds the process. */
export interface Cli {
  readonly screen: Screen;
  readonly environment: Environment;
}

/** Options that every command has that talks to a server. */
export interface ServerFlags {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly data?: string;
}

export interface FormatFlags {
  readonly format: OutputFormat;
}

export interface ProjectFlags {
  readonly project?: string;
}

/** The data folder that a command means: `--data`, else DATA_DIR, else the user's own. */
export const dataDirOf = ({ data }: Pick<ServerFlags, 'data'>, environment: Environment): string =>
  data ?? (environment['DATA_DIR']?.trim() || defaultDataDir(environment, homedir()));
