import type { Fault } from '../fault.ts';

/** What other workflow languages call it → what it is called here. */
const words: Readonly<Record<string, string>> = {
  after: '`needs`',
  cmd: '`run` (a shell line) or `command` (a list)',
  condition: '`when`',
  depends_on: '`needs`',
  dependencies: '`needs`',
  depends: '`needs`',
  dependsOn: '`needs`',
  environment: '`env`',
  if: '`when`',
  input: '`inputs`',
  jobs: '`nodes`',
  loop: '`forEach`',
  matrix: '`forEach`',
  memoize: '`cache: true`',
  output: '`outputs`',
  parallelism: '`maxParallel`',
  params: '`inputs`',
  retries: '`retry: { maxRetries: 3 }`',
  script: '`run`',
  steps: '`nodes`',
  tasks: '`nodes`',
  timeout: '`deadlines: { runSeconds: 1800 }`',
  with: '`inputs`',
  withItems: '`forEach`',
};

/** How a map is written that people take for something simpler. */
const maps: Readonly<Record<string, string>> = {
  approval: '{ message: Go on? }',
  deadlines: '{ runSeconds: 1800 }',
  env: '{ NAME: value }',
  inputs: '{ day: { type: string } }',
  nodes: '{ first: { run: echo hello } }',
  outputs: '{ rows: { type: integer } }',
  resources: '{ limits: { memory: 256Mi } }',
  retry: '{ maxRetries: 3 }',
};

const listHint = (field: string, value: string): string =>
  field === 'command'
    ? `: give a shell line to \`run\`, or write [${value.split(' ').join(', ')}]`
    : `: write [${value}]`;

/** A word of other languages, or a value that is simpler than it has to be: the fault with what was meant. */
export const withHabit = (fault: Fault): Fault => {
  const { message, path, value } = fault;
  const field = String(path.at(-1));
  const word = Object.hasOwn(words, field) ? words[field] : undefined;
  if (message.startsWith('is not a known field') && word !== undefined)
    return { ...fault, message: `is not a field here; it is ${word}` };
  const example = Object.hasOwn(maps, field) ? maps[field] : undefined;
  if (message === 'must be a map' && example !== undefined)
    return { ...fault, message: `must be a map, such as ${example}` };
  const short = value !== undefined && value.length < 60;
  return message === 'must be a list' && short
    ? { ...fault, message: `${message}${listHint(field, value)}` }
    : fault;
};
