/** One step of a test program; the same program runs as a shell script, or inside the fake runtime. */
export type ProgramStep =
  /** Prints a line. */
  | { readonly kind: 'print'; readonly text: string }
  /** Prints `line 1` to `line COUNT`. */
  | { readonly kind: 'printLines'; readonly count: number }
  /** Prints the value of an environment variable. */
  | { readonly kind: 'printEnv'; readonly name: string }
  /** Prints the first of the job's `args`. */
  | { readonly kind: 'printArg' }
  /** Prints the job's inputs as JSON. */
  | { readonly kind: 'printInputs' }
  /** Writes the output file: to a temporary name first, then renames it. */
  | { readonly kind: 'writeOutput'; readonly text: string }
  | { readonly kind: 'sleep'; readonly seconds: number }
  /** Leaves a child in the background that would outlive the program. */
  | { readonly kind: 'spawnChild' }
  /** Runs until it is stopped, and then ends with 143. */
  | { readonly kind: 'waitForStop' }
  /** Runs until it is killed; SIGTERM does not end it. */
  | { readonly kind: 'ignoreStop' }
  /** Dies of SIGKILL. */
  | { readonly kind: 'dieBySignal' }
  | { readonly kind: 'exit'; readonly code: number };

export type Program = readonly ProgramStep[];

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** How a shell finds the inputs and dies by a signal in a given runtime. */
export interface ShellDialect {
  /** A shell command that prints the inputs, without a newline at its end. */
  readonly printInputs: string;
  /** How the program dies by SIGKILL; a container's first process cannot kill itself. */
  readonly dieBySignal: string;
}

export const defaultShellDialect: ShellDialect = {
  printInputs: 'cat "$JOB_ORCHESTRATOR_INPUT"',
  dieBySignal: 'kill -KILL $$',
};

const writeOutput = (text: string): string =>
  `printf %s ${quoted(text)} > "$JOB_ORCHESTRATOR_OUTPUT.tmp" && ` +
  `mv "$JOB_ORCHESTRATOR_OUTPUT.tmp" "$JOB_ORCHESTRATOR_OUTPUT"`;

const forever = 'while :; do sleep 1 & wait $!; done';

const shellStep = (step: ProgramStep, dialect: ShellDialect): string => {
  switch (step.kind) {
    case 'print':
      return `printf '%s\\n' ${quoted(step.text)}`;
    case 'printLines':
      return `i=1; while [ $i -le ${step.count} ]; do echo "line $i"; i=$((i+1)); done`;
    case 'printEnv':
      return `printf '%s\\n' "$${step.name}"`;
    case 'printArg':
      return `printf '%s\\n' "$1"`;
    case 'printInputs':
      return `${dialect.printInputs}; echo`;
    case 'writeOutput':
      return writeOutput(step.text);
    case 'sleep':
      return `sleep ${step.seconds}`;
    case 'spawnChild':
      return 'sleep 1000 &';
    case 'waitForStop':
      return `trap 'exit 143' TERM; ${forever}`;
    case 'ignoreStop':
      return `trap '' TERM; ${forever}`;
    case 'exit':
      return `exit ${step.code}`;
    case 'dieBySignal':
    default:
      return dialect.dieBySignal;
  }
};

/** The command that runs a program with a POSIX shell; the job's first arg is its `$1`. */
export const shellCommand = (
  program: Program,
  dialect: ShellDialect = defaultShellDialect,
): readonly string[] => ['sh', '-c', program.map((step) => shellStep(step, dialect)).join('\n'), 'sh'];
