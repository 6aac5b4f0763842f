import { removeServerFile, writeServerFile } from '../discovery/data-folder.ts';
import { version } from '../version.ts';
import type { Context } from './parts.ts';

/** Leaves word in the data folder, so that the commands of the same user find this server and its token. */
export const announce = async ({ config, closers }: Context, url: string): Promise<void> => {
  const { pid } = process;
  closers.add('server.json', () => removeServerFile(config.dataDir, pid));
  await writeServerFile(config.dataDir, { url, pid, version, startedAt: new Date().toISOString() });
};
