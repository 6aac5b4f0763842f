import type { Option } from 'commander';

/** Where the value of an option stands: in its own word, in the next one, or nowhere. */
const takesNextWord = (options: readonly Option[], word: string): boolean => {
  if (word.startsWith('--')) return options.some(({ long, required }) => long === word && required);
  for (let at = 1; at < word.length; at += 1) {
    const option = options.find(({ short }) => short === `-${word[at]}`);
    if (option === undefined) return false;
    if (option.required) return at === word.length - 1;
  }
  return false;
};

/**
 * Puts `--` before the program of `run IMAGE PROGRAM …`, so that the words after it are the program's: in
 * `run hello ls -la` nobody means a label. Our options may stand before the image and right after it.
 */
export const separateCommand = (options: readonly Option[], words: readonly string[]): readonly string[] => {
  let operands = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return words;
    if (word.startsWith('-') && word !== '-') at += takesNextWord(options, word) ? 1 : 0;
    else if (++operands === 2) return [...words.slice(0, at), '--', ...words.slice(at)];
  }
  return words;
};
