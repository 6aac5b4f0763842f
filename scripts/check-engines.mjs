// Every locked package must accept the oldest Node that we support and the one that runs now. npm itself only warns
// about transitive packages, and many newest majors have dropped Node 20 (docs/adr/0001-node-20-floor.md).
import { readFileSync } from 'node:fs';
import semver from 'semver';

const nodes = ['20.19.0', process.versions.node];
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));

const refusals = Object.entries(packages).flatMap(([path, entry]) =>
  nodes
    .filter((node) => !semver.satisfies(node, entry.engines?.node ?? '*'))
    .map((node) => `${path} ${entry.version} wants Node ${entry.engines.node}: refuses ${node}`),
);
for (const refusal of refusals) console.error(refusal);
console.log(
  `engines: ${Object.keys(packages).length} packages, ${refusals.length} refuse Node ${nodes.join(' or ')}`,
);
process.exitCode = refusals.length === 0 ? 0 : 1;
