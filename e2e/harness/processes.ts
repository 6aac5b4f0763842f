import { readdir, readFile } from 'node:fs/promises';

/** Process ids on this machine whose environment carries `NAME=value`; zombies have none. */
export const processesWith = async (name: string, value: string): Promise<number[]> => {
  const needle = `${name}=${value}`;
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(needle) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
};
