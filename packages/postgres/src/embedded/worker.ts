import { parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { rowTypes } from '../connection/row-types.ts';
import type { Row } from '../connection/sql.ts';
import { openPGlite } from './pglite.ts';
import type { WorkerAnswer, WorkerCall, WorkerFault, WorkerStart } from './worker-protocol.ts';

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const answer = (message: WorkerAnswer): void => parentPort?.postMessage(message);

const faultOf = (error: unknown): WorkerFault => ({
  message: error instanceof Error ? error.message : String(error),
  code: typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null,
});

/** Without parameters a text may hold many statements; the last one's rows are the answer. */
const run = async (db: PGlite, call: Extract<WorkerCall, { kind: 'run' }>): Promise<readonly Row[]> => {
  const options = { parsers: { ...rowTypes } };
  if (call.parameters.length === 0) return (await db.exec(call.text, options)).at(-1)?.rows ?? [];
  return (await db.query<Row>(call.text, [...call.parameters], options)).rows;
};

const handle = async (db: PGlite, call: WorkerCall): Promise<void> => {
  try {
    if (call.kind === 'run') return answer({ id: call.id, rows: await run(db, call) });
    await db.close();
    answer({ id: call.id, rows: [] });
    parentPort?.close();
  } catch (error) {
    answer({ id: call.id, fault: faultOf(error) });
  }
};

const { folder, seed } = workerData as WorkerStart;
try {
  const db = await openPGlite(folder, seed);
  parentPort?.on('message', (call: WorkerCall) => void handle(db, call));
  answer({ id: 0, rows: [] });
} catch (error) {
  answer({ id: 0, fault: faultOf(error) });
}
