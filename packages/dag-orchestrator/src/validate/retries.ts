import {
  defaultRetry,
  retryProblems,
  type DagDocument,
  type Problem,
  type RetryPolicy,
} from '@job-orchestrator/types';
import { mergedResources } from '../compile/compile.ts';
import { faultOfProblem, type Fault, type Path } from '../fault.ts';
import type { DagModel, ModelNode } from './model.ts';

type Rules = Partial<RetryPolicy>;

/** An image may bring the limit from which memory grows: until a run starts, any is taken for granted. */
const someLimit = { limits: { memory: '1' } };

/** Each rule is checked with what is merged, and told where it was given. */
const problemsOf = ({ node, path }: ModelNode, { defaults = {} }: DagDocument): readonly Problem[] => {
  const own = (node.retry ?? {}) as Rules;
  const shared = (defaults.retry ?? {}) as Rules;
  const { maxRetries, infrastructureRetries } = { ...defaultRetry, ...shared, ...own };
  const resources = mergedResources(defaults.resources, node.resources);
  const limited = resources?.limits?.['memory'] === undefined ? someLimit : resources;
  const check = (rules: Rules, at: Path): readonly Problem[] =>
    retryProblems({ ...rules, maxRetries, infrastructureRetries }, limited, at);
  const inherited = Object.fromEntries(Object.entries(shared).filter(([rule]) => !Object.hasOwn(own, rule)));
  return [...check(own, [...path, 'retry']), ...check(inherited, ['defaults', 'retry'])];
};

/** Rules of retry policies that contradict one another or have no effect; those of `defaults` are told once. */
export function* checkRetries({ document, nodes }: DagModel): Generator<Fault> {
  const told = new Set<string>();
  for (const node of nodes) {
    if (node.kind !== 'job' || (node.node.retry ?? document.defaults?.retry) === undefined) continue;
    for (const problem of problemsOf(node, document)) {
      if (!told.has(problem.field)) yield faultOfProblem(document, problem);
      told.add(problem.field);
    }
  }
}
