import { open } from 'node:fs/promises';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { limits } from '@job-orchestrator/types/limits';

const tooLarge = (name: string): OrchestratorError =>
  new OrchestratorError('invalid_input', `${name} is too large`, [
    { field: name, message: 'is too large', limit: `${limits.fileBytes} bytes` },
  ]);

const unreadable = (name: string, error: unknown): OrchestratorError =>
  new OrchestratorError('invalid_input', `${name} cannot be read`, [
    { field: name, message: error instanceof Error ? error.message : String(error) },
  ]);

const collect = async (name: string, chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limits.fileBytes) throw tooLarge(name);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
};

/**
 * Reads a file, or standard input for `-`, up to `limits.fileBytes`: a device or an endless pipe ends there.
 * Throws `invalid_input` where it cannot be read or is larger.
 */
export const readBounded = async (path: string): Promise<Uint8Array> => {
  if (path === '-') return collect('(stdin)', process.stdin);
  const file = await open(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  try {
    return await collect(path, file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>);
  } catch (error) {
    throw error instanceof OrchestratorError ? error : unreadable(path, error);
  } finally {
    await file.close();
  }
};
