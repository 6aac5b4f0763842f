import { didYouMean } from '@job-orchestrator/types';
import type { Environment } from './environment.ts';
import { variables } from './variables.ts';

const prefixes = ['EXECUTOR_', 'K8S_', 'COLLECTOR_', 'OUTPUT_COLLECTOR_', 'OUTPUT_LIMIT_'];

/** What Kubernetes itself sets in each pod for a Service that is called `api` or `executor`. */
const ofService = /_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_.*)?)$/;

const warningOf = (name: string, value: string): string[] => {
  if (Object.hasOwn(variables, name))
    return value.trim() === '' ? [`${name} is set but empty: it counts as unset`] : [];
  // Many programs have an `API_KEY`.
  if (!name.includes('_') || name.startsWith('API_') || ofService.test(name)) return [];
  const near = didYouMean(name, Object.keys(variables));
  if (near !== null)
    return [`${name} is no setting of this program and has no effect; did you mean ${near}?`];
  if (!prefixes.some((prefix) => name.startsWith(prefix))) return [];
  return [`${name} is no setting of this program and has no effect; the README lists all settings`];
};

/** What is odd in the environment without being wrong: names like ours that we do not read, and blank values. Pure. */
export const settingsWarnings = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : warningOf(name, value)));

/** Whether an address is reached from this machine alone. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** The risk of an API that other machines reach: it speaks plain HTTP. Null: there is none. Pure. */
export const listenWarning = (host: string, runtime: 'process' | 'kubernetes'): string | null => {
  if (isLoopback(host)) return null;
  const harm = runtime === 'process' ? '; who has the token runs commands as this user, on this machine' : '';
  return `API_LISTEN=${host} is reached from other machines over plain HTTP, which shows the token to the network: put TLS before it${harm}`;
};
