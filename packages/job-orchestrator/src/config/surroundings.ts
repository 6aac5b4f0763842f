import { randomBytes } from 'node:crypto';
import { availableParallelism, homedir, hostname } from 'node:os';
import type { Surroundings } from './config.ts';

/** Host names may carry characters that a name may not. */
const cleanHostName = (): string =>
  hostname()
    .replaceAll(/[^-A-Za-z0-9_.]/g, '-')
    .slice(0, 100) || 'host';

/** Asks the machine; `preferences` are what the command prefers where the environment says nothing. */
export const readSurroundings = (
  preferences: Pick<Surroundings, 'defaultRuntime' | 'defaultLog'>,
): Surroundings => ({
  hostName: cleanHostName(),
  cores: availableParallelism(),
  homeDir: homedir(),
  randomSuffix: randomBytes(3).toString('hex'),
  ...preferences,
});
