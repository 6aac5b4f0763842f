import { readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';

const machineId = (): string => {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
};

/** Whose attempts may be adopted here: this machine and this data folder, by its real path. */
export const runtimeKey = (dataDir: string): string => `process:${machineId()}:${realpathSync(dataDir)}`;
