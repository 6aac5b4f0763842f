import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { invalidOutput, judgeOutput, packOutput, type OutputReport } from '@job-orchestrator/types';
import { readOutputFolder, type OutputLimits } from '@job-orchestrator/types/output-folder';

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Reads what the ended program left at JOB_ORCHESTRATOR_OUTPUT and beside it. */
export const readOutput = (path: string, limits: OutputLimits): OutputReport => {
  const found = readOutputFolder(dirname(path), limits);
  if (found.kind === 'none') return found;
  return found.kind === 'refused'
    ? invalidOutput(found.message)
    : judgeOutput(packOutput(found.files), sha256);
};
