import { dagRunStates, didYouMean, nodeRunStates } from '@job-orchestrator/types';
import type { Comparison } from '../expressions/comparisons.ts';
import type { Reference } from '../expressions/references.ts';
import type { ReferenceFault } from './references.ts';

/** What other systems call it → what it is called here. */
const others: Readonly<Record<string, string>> = {
  success: 'completed',
  succeeded: 'completed',
  successful: 'completed',
  succeed: 'completed',
  ok: 'completed',
  done: 'completed',
  finished: 'completed',
  complete: 'completed',
  failure: 'failed',
  fail: 'failed',
  error: 'failed',
  errored: 'failed',
  upstream_failed: 'skipped',
  skip: 'skipped',
  canceled: 'cancelled',
  cancel: 'cancelled',
  aborted: 'cancelled',
};

/** States that something has once it can be read: it has ended by then. */
const terminal = new Set(['completed', 'failed', 'skipped', 'cancelled']);

/** The states that what is read here may have; null: it is no state. */
const statesOf = ({ root, path }: Reference): readonly string[] | null => {
  const names = path.map(({ name }) => name);
  if (root === 'nodes' && names.length === 2 && names[1] === 'state')
    return nodeRunStates.filter((state) => terminal.has(state));
  if (root === 'run' && names.length === 1 && names[0] === 'state')
    return dagRunStates.filter((state) => terminal.has(state));
  return null;
};

const meant = (word: string, states: readonly string[]): string | null => {
  const known = didYouMean(word, [...states, ...Object.keys(others)]);
  const state = known === null ? null : (others[known] ?? known);
  return state !== null && states.includes(state) ? state : null;
};

const written = ({ root, path }: Reference): string =>
  root + path.map(({ name }) => (/^\w+$/.test(name) ? `.${name}` : `["${name}"]`)).join('');

/** A state that is compared with a word that is none: it would never be equal. null: nothing is wrong. */
export const stateFault = ({ reference, text, offset }: Comparison): ReferenceFault | null => {
  const states = statesOf(reference);
  if (states === null || states.includes(text)) return null;
  const state = meant(text, states);
  const hint = state === null ? '' : `; did you mean ${state}?`;
  const message = `compares ${written(reference)} with "${text.slice(0, 64)}", which it never is: it is one of ${states.join(', ')}${hint}`;
  return { message, offset };
};
