import { setTimeout as pause } from 'node:timers/promises';

/** Counts again every 5 ms until nothing is left. */
export const untilZero = async (count) => {
  while ((await count()) > 0) await pause(5);
};
