// One job of the demo: counts the words in some lines of a text and writes what it found as its output.
// Its inputs are in the file that JOB_ORCHESTRATOR_INPUT names; its output goes where JOB_ORCHESTRATOR_OUTPUT says.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const { file, from, to } = JSON.parse(readFileSync(process.env.JOB_ORCHESTRATOR_INPUT, 'utf8'));
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

// Written aside and renamed: a reader finds the whole output or none.
const target = process.env.JOB_ORCHESTRATOR_OUTPUT;
writeFileSync(`${target}.tmp`, JSON.stringify({ words, different: ranked.length, top: ranked[0], longest }));
renameSync(`${target}.tmp`, target);
console.log('output written');
