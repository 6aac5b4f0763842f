import { distance } from 'fastest-levenshtein';

const lettersOf = (word: string): string => [...word].toSorted().join('');

/** How many letters differ; letters in another order are one slip of the fingers. */
const differences = (word: string, candidate: string): number => {
  const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
  return a !== b && a.length === b.length && lettersOf(a) === lettersOf(b) ? 1 : distance(a, b);
};

/**
 * The candidate nearest to `word`, when it is near enough to be meant: at most two letters in five differ, and one of
 * three. Of equals, one that begins alike. Never the word itself.
 */
export const didYouMean = (word: string, candidates: readonly string[]): string | null => {
  const ranked = candidates
    .filter((candidate) => candidate !== word)
    .map((candidate) => ({
      candidate,
      distance: differences(word, candidate),
      beginsElse: candidate[0]?.toLowerCase() === word[0]?.toLowerCase() ? 0 : 1,
    }))
    .toSorted((a, b) => a.distance - b.distance || a.beginsElse - b.beginsElse);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.round(word.length * 0.4) ? best.candidate : null;
};
