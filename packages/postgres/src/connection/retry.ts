import { setTimeout as delay } from 'node:timers/promises';
import { asCatalogued, connectionLost, neverReached, wasRolledBack } from './faults.ts';

const attemptsMost = 5;
const backoffBaseMs = 20;

/**
 * What may be run again after the connection was lost in the middle of it.
 * `repeatable`: running it twice is as good as once. `once`: only what certainly did not happen is run again.
 */
export type Repetition = 'repeatable' | 'once';

const mayRepeat = (error: unknown, repetition: Repetition): boolean =>
  wasRolledBack(error) || neverReached(error) || (repetition === 'repeatable' && connectionLost(error));

/**
 * Runs a whole transaction, again where that is safe, for about half a second; then throws `database_unavailable`, or
 * `database_right_missing` at once.
 */
export const withRetries = async <T>(repetition: Repetition, work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attemptsMost || !mayRepeat(error, repetition)) throw asCatalogued(error);
      await delay(backoffBaseMs * 2 ** attempt * (0.5 + Math.random() / 2));
    }
  }
};
