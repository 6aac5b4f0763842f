// Who may import whom (ARCHITECTURE.md). The adapters never meet: only the binary introduces them to one another.
const tests = '(\\.test\\.ts$|/src/(testing|contract)/)';
const adapters = '^packages/(postgres|k8s-client|local-runtime|output-collector|client)/';
const ours = '^packages/';

/** Sources of `from` may import, of our own packages, only themselves and `to`. */
const onlyImports = (from, to) => ({
  name: `${from.replace(/\W+/g, '-')}-imports-only`,
  severity: 'error',
  from: { path: `^packages/(${from})/src/`, pathNot: tests },
  to: { path: ours, pathNot: `^packages/(${['$1', ...to].join('|')})/` },
});

module.exports = {
  forbidden: [
    onlyImports('types', []),
    onlyImports('postgres|k8s-client|local-runtime|output-collector|client', ['types']),
    onlyImports('operations', ['types']),
    onlyImports('executor-core|dag-orchestrator|api-server', ['types', 'operations']),
    {
      name: 'only-the-binary-imports-adapters',
      severity: 'error',
      from: { path: ours, pathNot: [tests, '^packages/job-orchestrator/', adapters] },
      to: { path: adapters },
    },
    {
      name: 'nobody-imports-the-binary',
      severity: 'error',
      from: { path: ours, pathNot: '^packages/job-orchestrator/' },
      to: { path: '^packages/job-orchestrator/' },
    },
    {
      name: 'packages-meet-at-their-exports',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/[^/]+/src/', pathNot: '^packages/$1/' },
    },
    {
      name: 'shipped-code-imports-no-tests',
      severity: 'error',
      from: { path: ours, pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: `${ours}[^/]+/src/`, pathNot: tests },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: ours },
      // A cycle through a type is none when the program runs.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    // Packages see one another as they are published: through `dist` (built before this runs).
    doNotFollow: { path: '(node_modules|/dist/)' },
    exclude: { path: '/coverage/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
