// Who imports whom, by `.dependency-cruiser.cjs`. A cruise that saw nothing is green too (it happened under a newer
// TypeScript), so this also demands that every package with sources was seen, and that imports between packages were.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const folders = readdirSync('packages')
  .map((name) => `packages/${name}/src`)
  .filter(
    (folder) =>
      existsSync(folder) && readdirSync(folder, { recursive: true }).some((file) => file.endsWith('.ts')),
  );

const cruise = () => {
  const bin = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';
  const args = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
  });
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser gave no result: ${stderr || stdout}`);
  return JSON.parse(stdout);
};

const { modules, summary } = cruise();
const sources = modules.filter((module) => /^packages\/[^/]+\/src\//.test(module.source));
const unseen = folders.filter((folder) => !sources.some((module) => module.source.startsWith(`${folder}/`)));
const meetings = sources
  .flatMap((module) => module.dependencies)
  .filter((dependency) => /^packages\/[^/]+\/dist\//.test(dependency.resolved));

const complaints = [
  ...summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  ...unseen.map((folder) => `${folder} has sources, but none of them was cruised`),
  ...(folders.length > 1 && meetings.length === 0
    ? ['no import between packages was resolved: build first']
    : []),
];
for (const complaint of complaints) console.error(complaint);
console.log(
  `boundaries: ${sources.length} modules, ${meetings.length} imports between packages, ${complaints.length} complaints`,
);
process.exitCode = complaints.length === 0 && sources.length > 0 ? 0 : 1;
