const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks again every 100 ms until the answer is something, and returns it; throws after `seconds` with `what` and the
 * last error. The system under test is other processes, so there is no signal to wait on.
 */
export const eventually = async <Answer>(
  what: string,
  seconds: number,
  ask: () => Promise<Answer | null | undefined | false>,
): Promise<Answer> => {
  const deadline = performance.now() + seconds * 1000;
  let problem: unknown = 'never so';
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
    } catch (error) {
      problem = error;
    }
    await pause(100);
  }
  throw new Error(`gave up after ${seconds} s waiting for: ${what}`, { cause: problem });
};
