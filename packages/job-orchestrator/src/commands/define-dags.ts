import { dagRunStates } from '@job-orchestrator/types/dag';
import { Option, type Command } from 'commander';
import type { AnswerFlags, ApprovalsFlags } from './approvals.ts';
import type { FormatFlags, ServerFlags } from './cli.ts';
import type { ApplyFlags, GetDagsFlags, GetRunsFlags, RerunFlags, RunFlags, WatchFlags } from './dags.ts';
import type { GetNodesFlags } from './run-nodes.ts';
import {
  collect,
  duration,
  once,
  version,
  withCommonOptions,
  withFormat,
  withPages,
  withServerOptions,
  wordsOf,
  commandOf,
} from './option-parsers.ts';
import type { Act } from './program.ts';

const runArgument = ['<run>', 'an id, a beginning or end of it, or @latest'] as const;

const watching = 'follow it to its end; the exit code says how';
const otherInputs = 'an input other than that of the old run (repeatable)';
const dryRun = 'say what would run again and why, and why it would be refused; start and write nothing';
const noCache = 'run nodes with `cache`, whatever results there are';

const defineStarting = (dag: Command, act: Act): void => {
  withCommonOptions(dag.command('apply'))
    .description('store a DAG as a new version, unless its newest version says the same')
    .requiredOption('-f, --file <path>', 'YAML or JSON; - is stdin', once)
    .action(act(async (cli, options: ApplyFlags) => (await import('./dags.ts')).applyFile(cli, options)));
  withCommonOptions(dag.command('run'))
    .description('start a run')
    .argument('<name>')
    .option('-i, --input <key=value>', 'an input; JSON where it is valid, else text (repeatable)', collect)
    .option('--inputs-file <path>', 'a JSON object of inputs; - is stdin', once)
    .option('--dag-version <number>', 'of this version; the newest unless given', version)
    .option('--no-cache', noCache)
    .option('--dry-run', 'say what it would do, and why it would be refused; start and write nothing')
    .option('-w, --watch', watching)
    .option('--idempotency-key <key>', 'the same key starts the same run only once')
    .action(
      act(async (cli, name: string, options: RunFlags) =>
        (await import('./dags.ts')).runDag(cli, name, options),
      ),
    );
  withFormat(withServerOptions(dag.command('watch')))
    .description('follow a run to its end: a live tree on a terminal, plain lines elsewhere')
    .argument(...runArgument)
    .option('--timeout <time>', 'how long (90s, 10m); exit code 8 when it is over', duration)
    .action(
      act(async (cli, run: string, options: WatchFlags) =>
        (await import('./dags.ts')).watch(cli, run, options),
      ),
    );
};

const defineChanging = (dag: Command, act: Act): void => {
  const change = (verb: 'cancel' | 'pause' | 'resume', description: string): void => {
    withFormat(withServerOptions(dag.command(verb)))
      .description(description)
      .argument(...runArgument)
      .action(
        act(async (cli, run: string, options: ServerFlags & FormatFlags) =>
          (await import('./dags.ts')).changeRun(cli, verb, run, options),
        ),
      );
  };
  change('cancel', 'end a run; its finally nodes still run, unless cancelled twice');
  change('pause', 'start no more nodes of a run; what runs goes on');
  change('resume', 'start its nodes again');
  withFormat(withServerOptions(dag.command('retry')))
    .description('run what failed of an ended run again, with all that depends on it, as a new run')
    .argument(...runArgument)
    .addOption(new Option('--failed', 'what did not end well (always so)').default(true))
    .option('-i, --input <key=value>', otherInputs, collect)
    .option('--no-cache', noCache)
    .option('--dry-run', dryRun)
    .option('-w, --watch', watching)
    .action(
      act(async (cli, run: string, options: RerunFlags) =>
        (await import('./dags.ts')).retryRun(cli, run, options),
      ),
    );
  withFormat(withServerOptions(dag.command('rerun')))
    .description('run a node of an ended run again, or what reads other inputs, as a new run')
    .argument(...runArgument)
    .option('--from <node>', 'this node, with all that depends on it')
    .option('-i, --input <key=value>', `${otherInputs}; what reads them`, collect)
    .option('--no-cache', noCache)
    .option('--dry-run', dryRun)
    .option('-w, --watch', watching)
    .action(
      act(async (cli, run: string, options: RerunFlags) =>
        (await import('./dags.ts')).rerunRun(cli, run, options),
      ),
    );
};

const defineAnswering = (dag: Command, act: Act): void => {
  const answer = (verb: 'approve' | 'reject', description: string): void => {
    withFormat(withServerOptions(dag.command(verb)))
      .description(description)
      .argument(...runArgument)
      .argument('<node>', 'the node that asks')
      .option('--note <text>', 'why; kept with the answer')
      .option('--by <person>', 'who answers; you, unless given')
      .action(
        act(async (cli, run: string, node: string, options: AnswerFlags) =>
          (await import('./approvals.ts')).answerNode(cli, verb, [run, node], options),
        ),
      );
  };
  answer('approve', 'let a node that waits for a person go on; the first answer counts');
  answer('reject', 'fail a node that waits for a person');
};

const defineReading = (program: Command, act: Act): void => {
  for (const list of [
    commandOf(program, 'get').command('dags').alias('dag'),
    commandOf(program, 'dag').command('list'),
  ])
    withCommonOptions(list)
      .description('DAGs at their newest versions')
      .action(act(async (cli, options: GetDagsFlags) => (await import('./dags.ts')).getDags(cli, options)));
  withPages(withCommonOptions(commandOf(program, 'get').command('runs').alias('run')))
    .description('runs of DAGs, newest first')
    .option('--dag <name>', 'only of this DAG')
    .option('-s, --state <states>', 'only in these states, separated by commas', wordsOf(dagRunStates))
    .option('--nested', 'runs of sub-DAGs too')
    .option('--parent <run>', 'only the runs of sub-DAGs of this run')
    .action(act(async (cli, options: GetRunsFlags) => (await import('./dags.ts')).getRuns(cli, options)));
  withPages(withFormat(withServerOptions(commandOf(program, 'get').command('nodes').alias('node'))))
    .description('the nodes of a run, with their jobs, attempts and outputs')
    .argument(...runArgument)
    .action(
      act(async (cli, run: string, options: GetNodesFlags) =>
        (await import('./run-nodes.ts')).getNodes(cli, run, options),
      ),
    );
  withPages(withCommonOptions(commandOf(program, 'get').command('approvals').alias('approval')))
    .description('nodes of DAG runs that wait for a person')
    .option('--dag <name>', 'only of this DAG')
    .action(
      act(async (cli, options: ApprovalsFlags) =>
        (await import('./approvals.ts')).getApprovals(cli, options),
      ),
    );
  withFormat(withServerOptions(commandOf(program, 'describe').command('run')))
    .description('a run as a tree: states, durations, and why')
    .argument(...runArgument)
    .action(
      act(async (cli, run: string, options: ServerFlags & FormatFlags) =>
        (await import('./dags.ts')).describeRun(cli, run, options),
      ),
    );
};

/** The commands about DAGs and their runs. */
export const defineDagCommands = (program: Command, act: Act): void => {
  const dag = commandOf(program, 'dag').description('workflows of jobs');
  defineStarting(dag, act);
  defineChanging(dag, act);
  defineAnswering(dag, act);
  dag
    .command('serve')
    .description('advances DAG runs of the database in DATABASE_URL')
    .action(act(async (cli) => (await import('../services/serve.ts')).serve(cli, ['dag'])));
  defineReading(program, act);
};
