import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ports-only-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const complaintsAbout = (path, code) => {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  const config = join(folder, '.oxlintrc.json');
  const rules = { 'ports-only/no-ambient-time': 'error' };
  const plugin = resolve('scripts/lint/ports-only.mjs');
  writeFileSync(
    config,
    JSON.stringify({ jsPlugins: [plugin], categories: { correctness: 'off' }, env: { node: true }, rules }),
  );
  const bin = resolve('node_modules/oxlint/bin/oxlint');
  const { stdout } = spawnSync(process.execPath, [bin, '-c', config, '-f', 'json', file], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout).diagnostics.map(({ message }) => message);
};

describe('the rule that keeps ambient time out', () => {
  it.each([
    'export const at = Date.now();',
    'export const at = new Date();',
    'const { now } = Date; export { now };',
    'const Clock = Date; export const at = new Clock();',
    'export const stop = setTimeout(() => {}, 5);',
    'export const stop = globalThis.setInterval(() => {}, 5);',
    'export const dice = Math.random();',
    'const { random } = Math; export { random };',
    'export const at = performance.now();',
    'export const at = process.hrtime.bigint();',
    "import { setTimeout as wait } from 'node:timers/promises'; export { wait };",
    "import { randomUUID } from 'node:crypto'; export { randomUUID };",
  ])('refuses %s', (code) => {
    expect(complaintsAbout('bad.ts', code)).toHaveLength(1);
  });

  it.each([
    'export const later = (at: Date, ms: number): Date => new Date(at.getTime() + ms);',
    'export const isDate = (value: unknown) => value instanceof Date;',
    'export const least = Math.min(1, 2);',
    'export const wait = (clock: { setTimeout(): void; performance: number }) => clock.setTimeout();',
    'export const call = (setTimeout: () => void) => setTimeout();',
    "import { createHash } from 'node:crypto'; export { createHash };",
  ])('allows %s', (code) => {
    expect(complaintsAbout('good.ts', code)).toEqual([]);
  });
});
