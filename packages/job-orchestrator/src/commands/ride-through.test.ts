import { OrchestratorError } from '@job-orchestrator/types/errors';
import { describe, expect, test } from 'vitest';
import { rideThrough } from './ride-through.ts';

const gone = new OrchestratorError('server_unreachable', 'nobody is there');
const never = new AbortController().signal;

/** Fails `failures` times, then answers with how often it was asked. */
const failing = (failures: number, error: Error) => {
  let asked = 0;
  return (): Promise<number> => {
    asked += 1;
    return asked <= failures ? Promise.reject(error) : Promise.resolve(asked);
  };
};

describe('riding through', () => {
  test('asks again until there is an answer, and says so once', async () => {
    let said = 0;
    const options = { signal: never, onGone: () => void (said += 1), pausesMs: [0, 0, 0] };
    expect(await rideThrough(failing(3, gone), options)).toBe(4);
    expect(said).toBe(1);
  });

  test('gives up with the last error when the pauses are used up', async () => {
    const options = { signal: never, onGone: () => undefined, pausesMs: [0, 0] };
    await expect(rideThrough(failing(3, gone), options)).rejects.toBe(gone);
  });

  test('throws a refusal at once', async () => {
    const refusal = new OrchestratorError('job_not_found', 'no such job');
    const options = { signal: never, onGone: () => undefined };
    await expect(rideThrough(failing(1, refusal), options)).rejects.toBe(refusal);
  });

  test('stops waiting when it is called off', async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, onGone: () => controller.abort(new Error('enough')) };
    await expect(rideThrough(failing(9, gone), options)).rejects.toThrow('enough');
  });
});
