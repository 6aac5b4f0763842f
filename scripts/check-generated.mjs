// What is generated and committed must be what the generators give now. Each generator writes to the path that it is
// given; here that is a temporary folder. `--write` puts the result in its place instead.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const generated = [
  { file: 'docs/openapi.json', generator: 'packages/api-server/dist/write-openapi.js' },
  { file: 'schemas/dag.schema.json', generator: 'packages/dag-orchestrator/dist/write-dag-schema.js' },
];

const folder = mkdtempSync(join(tmpdir(), 'generated-'));
const write = process.argv.includes('--write');

const generate = ({ file, generator }) => {
  const fresh = join(folder, basename(file));
  const { status, stderr } = spawnSync(process.execPath, [generator, fresh], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${generator} failed: ${stderr}`);
  return fresh;
};

const isCurrent = (entry) => {
  const fresh = generate(entry);
  if (write) cpSync(fresh, entry.file);
  return existsSync(entry.file) && readFileSync(entry.file, 'utf8') === readFileSync(fresh, 'utf8');
};

const stale = generated.filter((entry) => !isCurrent(entry));
rmSync(folder, { recursive: true });
for (const { file } of stale)
  console.error(`${file} is not what its generator gives: node scripts/check-generated.mjs --write`);
console.log(`generated: ${generated.length} files, ${stale.length} stale`);
process.exitCode = stale.length === 0 ? 0 : 1;
