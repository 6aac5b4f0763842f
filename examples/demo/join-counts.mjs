// The join of the demo: adds up what the pieces brought. A piece without an output is null.
import { readInputs, writeOutput } from './output.mjs';

const { counts, highWater } = readInputs();
const found = counts.filter((count) => count !== null);
const words = found.reduce((sum, count) => sum + count.words, 0);
const longest = found
  .map((count) => count.longest)
  .sort((a, b) => b.length - a.length || a.localeCompare(b))[0];
for (const [piece, count] of found.entries()) console.log(`piece ${piece + 1}: ${count.words} words`);
console.log(`${words} words in all; the longest is ${longest}; high water at ${highWater}`);
writeOutput({ words, longest });
