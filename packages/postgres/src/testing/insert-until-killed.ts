import { openDatabase } from '../open-database.ts';
import { sampleContext, sampleJob } from './samples.ts';
import { silentLog } from './silent-log.ts';

// A process for tests to kill: inserts jobs one by one and tells its parent of each that was acknowledged.
const database = await openDatabase({ kind: 'embedded', dataDir: process.argv[2] ?? '', log: silentLog });
for (;;) {
  const job = sampleJob();
  await database.queue.insertJobs([job], sampleContext);
  process.send?.(job.id);
}
