// Keeps time, timers and randomness out of packages that get them through ports (`Clock`, `Random`), so that a
// simulation can run them under a virtual clock and a seed. `new Date(milliseconds)` stays allowed: it reads no clock.

const forbiddenGlobals = new Map([
  ['setTimeout', 'Clock.setTimer'],
  ['setInterval', 'Clock.setTimer'],
  ['setImmediate', 'Clock.setTimer'],
  ['performance', 'Clock.monotonicMs'],
  ['crypto', 'an id or Random given from outside'],
  ['globalThis', 'the name itself'],
  ['global', 'the name itself'],
]);

const forbiddenProperties = new Map([
  ['Math.random', 'Random'],
  ['process.hrtime', 'Clock.monotonicMs'],
  ['process.uptime', 'Clock.monotonicMs'],
]);

const forbiddenModules = new Set(
  ['timers', 'timers/promises', 'perf_hooks', 'crypto'].flatMap((name) => [name, `node:${name}`]),
);

/** A hash is a function of its input alone. */
const importsOnlyHashes = ({ source, specifiers }) =>
  source.value.endsWith('crypto') &&
  specifiers.length > 0 &&
  specifiers.every(({ imported }) => imported?.name === 'createHash');

const propertyOf = (node) =>
  node.parent.type === 'MemberExpression' && node.parent.object === node
    ? (node.parent.property.name ?? node.parent.property.value)
    : null;

/** `new Date(x)`, `Date.parse`, `Date.UTC` and `x instanceof Date` are pure; every other use may read the clock. */
const isPureDate = (node) => {
  const { parent } = node;
  if (parent.type === 'NewExpression' && parent.callee === node) return parent.arguments.length > 0;
  if (parent.type === 'BinaryExpression') return parent.operator === 'instanceof';
  return ['parse', 'UTC'].includes(propertyOf(node));
};

/** What to use in place of this reference to a global, or null when it is harmless. */
const remedy = (node) => {
  if (node.name === 'Date') return isPureDate(node) ? null : 'Clock.now';
  if (node.name !== 'Math' && node.name !== 'process') return forbiddenGlobals.get(node.name) ?? null;
  const property = propertyOf(node);
  if (property === null || node.parent.computed) return 'its members by name';
  return forbiddenProperties.get(`${node.name}.${property}`) ?? null;
};

const globalReferences = (scope) => [
  ...scope.through,
  ...[...scope.set.values()]
    .filter((variable) => variable.defs.length === 0)
    .flatMap((variable) => variable.references),
];

const noAmbientTime = {
  meta: { type: 'problem', docs: { description: 'time, timers and randomness only through ports' } },
  create: (context) => ({
    'Program:exit'() {
      for (const reference of new Set(globalReferences(context.sourceCode.scopeManager.globalScope))) {
        if (reference.isTypeReference && !reference.isValueReference) continue;
        const node = reference.identifier;
        const instead = remedy(node);
        if (instead !== null)
          context.report({ node, message: `${node.name} is ambient here: use ${instead}.` });
      }
    },
    ImportDeclaration(node) {
      if (forbiddenModules.has(node.source.value) && !importsOnlyHashes(node)) {
        context.report({
          node,
          message: `${node.source.value} is ambient here: take a port (Clock, Random).`,
        });
      }
    },
  }),
};

// oxlint-disable-next-line import/no-default-export -- oxlint loads plugins by their default export
export default { meta: { name: 'ports-only' }, rules: { 'no-ambient-time': noAmbientTime } };
