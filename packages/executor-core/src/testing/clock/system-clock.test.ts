import { expect, test } from 'vitest';
import { createSystemClock } from './system-clock.ts';

test('a timer that is longer than Node can count does not fire at once', async () => {
  const clock = createSystemClock();
  const fired: string[] = [];
  const cancel = clock.setTimer(2 ** 31, () => void fired.push('the long one'));
  await new Promise<void>((resolve) => {
    clock.setTimer(5, () => {
      fired.push('the short one');
      resolve();
    });
    // Its timers do not keep the process alive: this one does.
    setTimeout(() => undefined, 50);
  });
  cancel();
  expect(fired).toEqual(['the short one']);
});
