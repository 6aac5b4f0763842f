import { didYouMean } from '@job-orchestrator/types';
import type { Environment } from './environment.ts';
import { variables } from './variables.ts';

const known = Object.keys(variables);

/** What Kubernetes sets in each pod for a Service named `api`, `executor` and so on: nobody misspelt that. */
const isServiceLink = (name: string): boolean => /_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/.test(name);

/** Variables that nobody reads and that look like one of ours: `EXECUTOR_POLL_INTERVALL`. */
export const misspelt = (environment: Environment): readonly { name: string; meant: string }[] =>
  Object.keys(environment)
    .filter((name) => !(name in variables) && name.includes('_') && !isServiceLink(name))
    .map((name) => ({ name, meant: didYouMean(name, known) }))
    .filter((each): each is { name: string; meant: string } => each.meant !== null);
