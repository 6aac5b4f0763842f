import { didYouMean, type Problem } from '@job-orchestrator/types';
import { Type } from 'typebox';
import { refuse } from './parameters.ts';

/** The parameter that narrows a list to some states. */
export const statesParameter = (states: readonly string[]) =>
  Type.Optional(Type.String({ description: `One or more of ${states.join(', ')}, comma-separated.` }));

/** The states of `state=a,b`; null: all. Throws `invalid_input`. */
export const readStates = <State extends string>(
  states: readonly State[],
  text: string | undefined,
): readonly State[] | null => {
  if (text === undefined) return null;
  const isState = (word: string): word is State => (states as readonly string[]).includes(word);
  const problemOf = (word: string): Problem => {
    const near = didYouMean(word, states);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    const message = `must be one or more of ${states.join(', ')}${hint}`;
    return { field: 'state', message, value: word.slice(0, 64) };
  };
  const words = text.split(',');
  refuse(words.filter((word) => !isState(word)).map(problemOf));
  return words.filter(isState);
};
