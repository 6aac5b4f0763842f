// The first node of the demo: cuts a file into pieces of as many lines each, and gives where each begins and ends.
import { readFileSync } from 'node:fs';
import { readInputs, writeOutput } from './output.mjs';

const { file, pieces } = readInputs();
const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length;
const each = Math.ceil(lines / pieces);
const parts = Array.from({ length: Math.ceil(lines / each) }, (_, piece) => ({
  from: piece * each + 1,
  to: Math.min(lines, (piece + 1) * each),
}));
console.log(`${lines} lines of ${file} in ${parts.length} pieces`);
writeOutput({ parts });
