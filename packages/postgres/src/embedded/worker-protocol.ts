import type { Parameter, Row } from '../connection/sql.ts';

/** What the worker is started with. `seed`: the archive that a new folder begins from. */
export interface WorkerStart {
  readonly folder: string;
  readonly seed: string | null;
}

/** What the worker is asked. Its session runs one call after the other, in the order they come. */
export type WorkerCall =
  | {
      readonly id: number;
      readonly kind: 'run';
      readonly text: string;
      readonly parameters: readonly Parameter[];
    }
  | { readonly id: number; readonly kind: 'close' };

/** An error as it crosses the thread. */
export interface WorkerFault {
  readonly message: string;
  readonly code: string | null;
}

/** What the worker answers; id 0 says that it is open, or why not. */
export type WorkerAnswer =
  | { readonly id: number; readonly rows: readonly Row[] }
  | { readonly id: number; readonly fault: WorkerFault };
