import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { RuntimeHarness } from './harness.ts';
import { adoptionTests } from './adoption.ts';
import { creationTests } from './creation.ts';
import { endingTests } from './ending.ts';
import { givingTests } from './giving.ts';
import { guardTests } from './guarding.ts';
import { followTests, logTailTests } from './logs.ts';
import { removalTests } from './removal.ts';
import { restoreTests } from './restoring.ts';
import { stoppingTests } from './stopping.ts';
import { createSubject, type Subject } from './subject.ts';

/**
 * The one suite that every runtime passes: the fake one, processes, and a real cluster.
 * Call it at the top of a test file. `makeHarness` runs once; what it made is closed at the end.
 */
export const runtimeConformance = (name: string, makeHarness: () => Promise<RuntimeHarness>): void => {
  describe(`${name} conforms to JobRuntime and LogSource:`, () => {
    let subject: Subject | null = null;
    const get = (): Subject => {
      if (!subject) throw new Error('the harness was not made');
      return subject;
    };
    beforeAll(async () => {
      subject = createSubject(await makeHarness());
    });
    afterEach(() => get().dispose());
    afterAll(() => subject?.harness.close());

    creationTests(get);
    guardTests(get);
    endingTests(get);
    givingTests(get);
    stoppingTests(get);
    logTailTests(get);
    followTests(get);
    removalTests(get);
    adoptionTests(get);
    restoreTests(get);
  });
};
