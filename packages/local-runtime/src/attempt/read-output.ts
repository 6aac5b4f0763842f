import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { invalidOutput, judgeOutput, outputTooLarge, type OutputReport } from '@job-orchestrator/types';

const readBounded = async (file: FileHandle, limit: number): Promise<OutputReport> => {
  const stats = await file.stat();
  if (!stats.isFile()) return invalidOutput('The output is not a regular file.');
  if (stats.size > limit) return invalidOutput(outputTooLarge(stats.size, limit));
  const buffer = Buffer.alloc(limit + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  if (bytesRead > limit) return invalidOutput(outputTooLarge(bytesRead, limit));
  const bytes = buffer.subarray(0, bytesRead);
  return judgeOutput(bytes, createHash('sha256').update(bytes).digest('hex'));
};

/** Reads what the ended program left at JOB_ORCHESTRATOR_OUTPUT, at most `limit` bytes. O_NONBLOCK, or a FIFO there would hold us forever. */
export const readOutput = async (path: string, limit: number): Promise<OutputReport> => {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' };
    return invalidOutput(`The output cannot be read: ${(error as Error).message}`);
  }
  try {
    return await readBounded(file, limit);
  } finally {
    await file.close();
  }
};
