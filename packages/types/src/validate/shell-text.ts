import type { DagNode } from '../schemas/dag.ts';
import { isTemplate } from './templates.ts';

const noExpression = 'takes no expressions: put the value into `env` and write "$NAME", or pass it in `args`';

const shells = /^(?:.*\/)?(?:sh|bash|dash|ash|ksh|zsh)$/;

/** True where the first of `args` is the text that a shell runs: `command: [sh, -c]`. */
const runsFirstArg = (command: readonly string[]): boolean =>
  command.length > 1 &&
  shells.test(command[0]!) &&
  command.slice(1).every((item) => item.startsWith('-')) &&
  command.slice(1).some((item) => /^-[a-z]*c$/.test(item));

/** An expression where none may stand. `path`: below the node; `offset`: its character in the text there. */
export interface ShellFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly offset?: number;
}

/** The expressions in what a node runs. Results are data: spliced into the text of a shell they would be code. */
export function* shellFaults({
  run,
  command = [],
  args = [],
}: Pick<DagNode, 'run' | 'command' | 'args'>): Generator<ShellFault> {
  if (run !== undefined && isTemplate(run))
    yield {
      path: ['run'],
      message: `is the text of a shell, which ${noExpression}`,
      offset: run.indexOf('${{'),
    };
  for (const [index, item] of command.entries())
    if (isTemplate(item)) yield { path: ['command', index], message: `is fixed; it ${noExpression}` };
  const [script] = args;
  if (script !== undefined && isTemplate(script) && runsFirstArg(command))
    yield { path: ['args', 0], message: `is the text of a shell, which ${noExpression}` };
}
