/** The longest timer of Node, in milliseconds (24.8 days); it fires a longer one at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Time as a port: the only way that executor-core learns of it. */
export interface Clock {
  /** Wall clock, for display and for comparing with the runtime's times. Never for leases. */
  now(): Date;
  /** Milliseconds that only rise, with an arbitrary zero; for leases and time-outs. */
  monotonicMs(): number;
  /**
   * Calls back once after `delayMs`, or after `longestTimerMs` where that is less; returns how to call it off.
   * Does not keep the process alive.
   */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** Structured logging as a port; fields are plain JSON. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
