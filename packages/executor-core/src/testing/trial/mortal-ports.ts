import type { Clock, Database, JobRuntime } from '@job-orchestrator/types';

/** One call of a port, as it begins or ends; the method is named like `queue.claimJobs` or `runtime.ensure`. */
export interface PortCall {
  readonly name: string;
  readonly moment: 'before' | 'after';
  readonly args: readonly unknown[];
}

/** The life of one executor in a trial: every port goes silent for it when it dies. */
export interface Mortal {
  /** Dies at this very moment: no call of it begins, answers or rings any more. */
  die(): void;
  readonly dead: () => boolean;
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>;
  /** True while calls of the database are under way. */
  readonly busy: () => boolean;
  /** Resolves when none is under way any more, or nobody lives who waits for one. */
  readonly landed: () => Promise<void>;
  readonly clock: Clock;
  readonly database: Database;
  readonly runtime: JobRuntime;
}

/** The ports to wrap, and who is told of each call; it may kill. */
interface MortalOptions {
  readonly clock: Clock;
  readonly database: Database;
  readonly runtime: JobRuntime;
  readonly onCall?: ((call: PortCall, mortal: Mortal) => void) | undefined;
}

type Method = (...args: unknown[]) => unknown;

const never = (): Promise<never> => new Promise(() => undefined);

/** Wraps every port so that a dead executor hears and does nothing, as after kill -9. */
export const createMortal = ({ clock, database, runtime, onCall }: MortalOptions): Mortal => {
  const calls = new Map<string, number>();
  let dead = false;
  let inFlight = 0;
  const waiting: (() => void)[] = [];
  const release = (): void => waiting.splice(0).forEach((go) => go());
  const isBusy = (): boolean => !dead && inFlight > 0;
  const told = (name: string, moment: PortCall['moment'], args: readonly unknown[]): void =>
    onCall?.({ name, moment, args }, mortal);

  const call = async (name: string, counts: boolean, method: Method, args: unknown[]): Promise<unknown> => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    told(name, 'before', args);
    if (dead) return never();
    if (counts) inFlight += 1;
    try {
      const value = await method(...args);
      if (!dead) told(name, 'after', args);
      return dead ? await never() : value;
    } catch (error) {
      if (dead) return never();
      throw error;
    } finally {
      if (counts) inFlight -= 1;
      if (!isBusy()) release();
    }
  };
  const wrap = <Port extends object>(prefix: string, port: Port, counts: boolean): Port =>
    new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const method = (value as Method).bind(target);
        return (...args: unknown[]) => call(`${prefix}.${String(key)}`, counts, method, args);
      },
    });
  const mortal: Mortal = {
    die: () => {
      dead = true;
      release();
    },
    dead: () => dead,
    calls,
    busy: isBusy,
    landed: () => (isBusy() ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    clock: {
      ...clock,
      setTimer: (ms, callback) => clock.setTimer(ms, () => (dead ? undefined : callback())),
    },
    database: {
      ...database,
      ping: () => database.ping(),
      queue: wrap('queue', database.queue, true),
      outputs: wrap('outputs', database.outputs, true),
      executors: wrap('executors', database.executors, true),
      wakeUps: {
        send: (kind) => (dead ? undefined : database.wakeUps.send(kind)),
        subscribe: (onWake) => database.wakeUps.subscribe((kind) => (dead ? undefined : onWake(kind))),
      },
    },
    runtime: {
      ...wrap('runtime', runtime, false),
      start: (onChange) => runtime.start((attempt) => (dead ? undefined : onChange(attempt))),
    },
  };
  return mortal;
};
