import type { AttemptRef, Failure, JobRuntime } from '@job-orchestrator/types';

/** What goes wrong in one call of the fake runtime. */
export type Fault =
  /** `ensure`: the answer is lost; the object appears after `appearsAfterMs`, or never. */
  | { readonly kind: 'unresolved'; readonly appearsAfterMs: number | null }
  /** `ensure`: certain that nothing was created. */
  | {
      readonly kind: 'busy';
      readonly reason?: 'quota' | 'runtime_unreachable';
      readonly retryAfterMs: number;
      readonly message?: () => string;
    }
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `ensure` and `observe`: the object is being removed. */
  | { readonly kind: 'terminating' }
  /** `observe` says unreachable; `stop` and `remove` say false; `list` says null; `logTail` says null; `collectOutput` says pending. */
  | { readonly kind: 'unreachable' }
  /** The call is answered `ms` late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The call never answers. */
  | { readonly kind: 'hang' }
  /** The call throws, against its contract: a fault of ours. */
  | { readonly kind: 'throws'; readonly message: string };

type FaultyMethod = Extract<
  keyof JobRuntime,
  'ensure' | 'observe' | 'stop' | 'logTail' | 'collectOutput' | 'remove' | 'list'
>;

/** One line of the fault table: which calls go wrong, how, and how often (by default once). */
export interface FaultRule {
  readonly method: FaultyMethod;
  readonly fault: Fault;
  /** Default: every attempt. `list` is called with null. */
  readonly matches?: (ref: AttemptRef | null) => boolean;
  readonly times?: number;
}

/** The faults still to come. */
export interface FaultTable {
  add(rule: FaultRule): void;
  /** Ends every fault: the world is healed. */
  clear(): void;
  /** The fault of this call, used up by it; null when it goes well. */
  take(method: FaultyMethod, ref: AttemptRef | null): Fault | null;
}

export const createFaultTable = (): FaultTable => {
  const left = new Map<FaultRule, number>();
  return {
    add: (rule) => void left.set(rule, rule.times ?? 1),
    clear: () => left.clear(),
    take: (method, ref) => {
      for (const [rule, times] of left) {
        if (rule.method !== method || (rule.matches && !rule.matches(ref))) continue;
        if (times <= 1) left.delete(rule);
        else left.set(rule, times - 1);
        return rule.fault;
      }
      return null;
    },
  };
};
