import { jobStates } from '@job-orchestrator/types/states';
import { Option, type Command } from 'commander';
import type { ChangeFlags, RetryFlags } from './change-jobs.ts';
import type { FormatFlags, ServerFlags } from './cli.ts';
import { defineDeadLetterCommands, defineGetDeadLetters } from './define-dead-letters.ts';
import type { GetFlags, GetJobsFlags, PageFlags } from './get.ts';
import type { LogFlags } from './logs.ts';
import type { OutputFlags } from './outputs.ts';
import {
  bytes,
  collect,
  duration,
  integer,
  once,
  withCommonOptions,
  withFormat,
  withServerOptions,
  wordsOf,
} from './option-parsers.ts';
import type { Act } from './program.ts';
import type { RunOptions } from './run.ts';
import type { SubmitFlags } from './submit.ts';

const defineRun = (program: Command, act: Act): void => {
  withCommonOptions(program.command('run'))
    .description(
      'submit a job, follow its log, and exit with its program’s own code (125: it never started, or a failure of ours)',
    )
    .argument('<image>', 'the registered name of an image')
    .argument('[command...]', 'what to run, with its own options; unless given, what the image runs')
    .option('-n, --name <name>', 'a name for the job')
    .option('-t, --topic <name>', 'the topic to submit to')
    .option('-e, --env <key=value>', 'a variable of its environment (repeatable)', collect)
    .option(
      '-i, --input <key=value|@file>',
      'an input, or a file with a JSON object of them (repeatable)',
      collect,
    )
    .option('-l, --label <key=value>', 'a label (repeatable)', collect)
    .option('--profile <name>', 'where it may run and how large it may be (`profile list`)')
    .option('--secret-env <key=name>', 'a variable by the name of a bound secret (repeatable)', collect)
    .option('--local-queue <name>', 'the LocalQueue of Kueue that it waits in')
    .option('--request <resource=quantity>', 'what it requests: cpu=500m (repeatable)', collect)
    .option('--limit <resource=quantity>', 'its limit: memory=1Gi, nvidia.com/gpu=1 (repeatable)', collect)
    .option('--shared-memory <quantity>', 'the size of /dev/shm; it counts against the memory limit')
    .option('--output', 'the job writes an output to $JOB_ORCHESTRATOR_OUTPUT')
    .option('--priority <number>', 'higher goes first', integer(-1_000, 1_000))
    .option('--max-retries <number>', 'how often to try again when its program fails', integer(0, 100))
    .option('-d, --detach', 'do not follow; write the id')
    .addOption(
      new Option(
        '--exit-status <kind>',
        'what the exit code says: the program’s own, or the class of the end',
      )
        .choices(['program', 'class'])
        .default('program'),
    )
    .action(
      act(async (cli, image: string, command: string[], options: RunOptions) =>
        (await import('./run.ts')).run(cli, image, command, options),
      ),
    );
};

const defineSubmit = (program: Command, act: Act): void => {
  withFormat(withServerOptions(program.command('submit')))
    .description('submit the jobs of a file, all or none')
    .requiredOption(
      '-f, --file <path>',
      'YAML or JSON: one job, a list, `jobs:`, or several documents; - is stdin',
      once,
    )
    .option('-w, --wait', 'wait until all have ended; the exit code says how')
    .option('--timeout <time>', 'with --wait: how long (90s, 10m); exit code 8 when it is over', duration)
    .option('--idempotency-key <key>', 'the same key submits the same file only once')
    .action(act(async (cli, options: SubmitFlags) => (await import('./submit.ts')).submit(cli, options)));
};

const withPages = (command: Command): Command =>
  command
    .option('--limit <number>', 'items on a page', integer(1, 500))
    .option('--cursor <cursor>', 'where the page begins');

const defineGet = (program: Command, act: Act): void => {
  const get = program
    .command('get')
    .description('list jobs, dead letters, images, topics, profiles, executors, DAGs or nodes');
  withPages(withCommonOptions(get.command('jobs').alias('job')))
    .description('jobs, newest first')
    .argument('[job]', 'only this one')
    .option('-t, --topic <name>', 'only of this topic')
    .option('-s, --state <states>', 'only in these states, separated by commas', wordsOf(jobStates))
    .option('--image <name>', 'only of this image')
    .option('-l, --label <key=value>', 'only with this label (repeatable)', collect)
    .action(
      act(async (cli, job: string | undefined, options: GetJobsFlags) =>
        (await import('./get.ts')).getJobs(cli, job, options),
      ),
    );
  defineGetDeadLetters(get, act);
  withPages(withCommonOptions(get.command('images').alias('image')))
    .description('the image registry')
    .argument('[name]', 'only this one')
    .action(
      act(async (cli, name: string | undefined, options: GetFlags & PageFlags) =>
        (await import('./get.ts')).getImages(cli, name, options),
      ),
    );
  withCommonOptions(get.command('topics').alias('topic'))
    .description('topics, with what stands in them')
    .action(act(async (cli, options: GetFlags) => (await import('./get.ts')).getTopics(cli, options)));
  withFormat(withServerOptions(get.command('executors').alias('executor')))
    .description('the processes that run jobs')
    .action(act(async (cli, options: GetFlags) => (await import('./get.ts')).getExecutors(cli, options)));
};

const defineReading = (program: Command, act: Act): void => {
  const describe = program.command('describe').description('tell the story of one thing');
  withFormat(withServerOptions(describe.command('job')))
    .description('a job in plain words: why it waits, why it failed, what to do')
    .argument('<job>', 'an id, a beginning or end of it, or @latest')
    .action(
      act(async (cli, job: string, options: ServerFlags & FormatFlags) =>
        (await import('./describe.ts')).describeJob(cli, job, options),
      ),
    );
  withServerOptions(program.command('logs'))
    .description('the log of a job')
    .argument('<job>', 'an id, a beginning or end of it, or @latest')
    .option('-f, --follow', 'go on until the job has ended')
    .option('--attempt <number>', 'of this attempt; the newest unless given', integer(1, 1_000_000))
    .addOption(
      new Option('--container <name>', 'whose log; that of the collector is there as long as its pod')
        .choices(['main', 'output-collector'])
        .default('main'),
    )
    .option('--tail <bytes>', 'only so many bytes of its end: 4096, 64k', bytes)
    .option('--raw', 'on a terminal too, write every byte as it is; control sequences may do harm')
    .action(
      act(async (cli, job: string, options: LogFlags) => (await import('./logs.ts')).logs(cli, job, options)),
    );
  withFormat(withServerOptions(program.command('outputs')))
    .description('what a completed job left: the list, one file, or with --save the files')
    .argument('<job>', 'an id, a beginning or end of it, or @latest')
    .argument('[name]', 'write this one to stdout')
    .option('--save <path>', 'write into files instead: a file for one, a folder for all')
    .action(
      act(async (cli, job: string, name: string | undefined, options: OutputFlags) =>
        (await import('./outputs.ts')).outputs(cli, job, name, options),
      ),
    );
};

const defineChanging = (program: Command, act: Act): void => {
  withFormat(withServerOptions(program.command('cancel')))
    .description('stop jobs')
    .argument('<jobs...>', 'ids, beginnings or ends of them, or @latest')
    .option('--reason <text>', 'stored with the change')
    .action(
      act(async (cli, jobs: string[], options: ChangeFlags) =>
        (await import('./change-jobs.ts')).cancel(cli, jobs, options),
      ),
    );
  withFormat(withServerOptions(program.command('retry')))
    .description('run an ended job again, as a new job')
    .argument('<job>', 'an id, a beginning or end of it, or @latest')
    .option('--reason <text>', 'stored with the change')
    .option(
      '--current-image',
      'run what the image refers to now, not what it did when the old job was submitted',
    )
    .action(
      act(async (cli, job: string, options: RetryFlags) =>
        (await import('./change-jobs.ts')).retry(cli, job, options),
      ),
    );
};

/** The commands about jobs. */
export const defineJobCommands = (program: Command, act: Act): void => {
  defineRun(program, act);
  defineSubmit(program, act);
  defineGet(program, act);
  defineReading(program, act);
  defineChanging(program, act);
  defineDeadLetterCommands(program, act);
};
