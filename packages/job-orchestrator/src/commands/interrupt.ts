/** Thrown out of waiting work when the person at the keyboard had enough; the job itself goes on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Does work that Ctrl-C calls off: its signal aborts with `Interrupted` at SIGINT or SIGTERM.
 * A second signal ends the process at once.
 */
export const interruptible = async <Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interrupted());
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
};
