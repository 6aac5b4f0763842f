// A job of the examples: counts the words in some lines of a text and writes what it found as its output.
import { readFileSync } from 'node:fs';
import { readInputs, writeOutput } from './output.mjs';

const { file, from, to } = readInputs();
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .slice(from - 1, to);
console.log(`lines ${from} to ${from + lines.length - 1} of ${file}`);

const counts = new Map();
for (const [word] of lines
  .join('\n')
  .toLowerCase()
  .matchAll(/\p{L}+/gu)) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
const words = ranked.reduce((sum, [, count]) => sum + count, 0);
const longest = ranked.map(([word]) => word).sort((a, b) => b.length - a.length || a.localeCompare(b))[0];
console.log(`${words} words, ${ranked.length} different ones; the longest is ${longest}`);

writeOutput({ words, different: ranked.length, top: ranked[0], longest });
console.log('output written');
