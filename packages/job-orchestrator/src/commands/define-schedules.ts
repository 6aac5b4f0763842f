import { Option, type Command } from 'commander';
import type { BackfillFlags, BackfillListFlags } from './backfills.ts';
import type { FormatFlags, ServerFlags } from './cli.ts';
import {
  collect,
  integer,
  once,
  withCommonOptions,
  withFormat,
  withServerOptions,
  commandOf,
} from './option-parsers.ts';
import type { Act } from './program.ts';
import type { CreateFlags, NextFlags, ScheduleFlags, ScheduleListFlags } from './schedules.ts';

const withInputs = (command: Command, what: string): Command =>
  command
    .option('-i, --input <key=value>', `${what}; JSON where it is valid, else text (repeatable)`, collect)
    .option('--inputs-file <path>', 'a JSON object of inputs; - is stdin', once);

const defineCreate = (schedule: Command, act: Act): void => {
  withInputs(
    withCommonOptions(schedule.command('create')),
    'an input of each run; may read ${{ run.scheduledDay }}',
  )
    .description('run a DAG again and again, at the times of a cron expression')
    .argument('<name>')
    .requiredOption('--dag <name>', 'what to run, each time in its newest version', once)
    .requiredOption(
      '--cron <expression>',
      "five fields such as '0 3 * * MON-FRI', or @daily and the like",
      once,
    )
    .option('--time-zone <zone>', 'whose clocks count, such as Europe/Berlin; UTC unless given', once)
    .addOption(
      new Option(
        '--overlap <policy>',
        'while the run before is open: both run, skip the new one, or replace the old',
      )
        .choices(['allow', 'skip', 'replace'])
        .default('skip'),
    )
    .addOption(
      new Option(
        '--catch-up <policy>',
        'of the times that passed while nothing ran: run none, the latest, or all',
      )
        .choices(['none', 'latest', 'all'])
        .default('latest'),
    )
    .option('--paused', 'do not start yet')
    .option('--replace', 'also over a schedule of the same name')
    .option('--reason <text>', 'why; stored with the schedule')
    .action(
      act(async (cli, name: string, options: CreateFlags) =>
        (await import('./schedules.ts')).createSchedule(cli, name, options),
      ),
    );
};

const defineChanging = (schedule: Command, act: Act): void => {
  const descriptions = {
    pause: 'start nothing until it is resumed; times that pass meanwhile do not run',
    resume: 'go on with the next time to come',
  };
  for (const verb of ['pause', 'resume'] as const)
    withCommonOptions(schedule.command(verb))
      .description(descriptions[verb])
      .argument('<name>')
      .option('--reason <text>', 'why; stored with the change')
      .action(
        act(async (cli, name: string, options: ScheduleFlags) =>
          (await import('./schedules.ts')).changeSchedule(cli, verb, name, options),
        ),
      );
  withCommonOptions(schedule.command('delete'))
    .description('delete a schedule with the record of its times; its runs stay')
    .argument('<name>')
    .action(
      act(async (cli, name: string, options: ScheduleFlags) =>
        (await import('./schedules.ts')).deleteSchedule(cli, name, options),
      ),
    );
};

const defineList = (command: Command, act: Act): void => {
  withCommonOptions(command)
    .description('schedules and when they run next')
    .option('--dag <name>', 'only of this DAG')
    .action(
      act(async (cli, options: ScheduleListFlags) =>
        (await import('./schedules.ts')).listSchedules(cli, options),
      ),
    );
};

const defineNext = (schedule: Command, act: Act): void => {
  withCommonOptions(schedule.command('next'))
    .description('the next times of a schedule, or of an expression, which needs no server')
    .argument('[name]')
    .option('--cron <expression>', 'an expression in place of a schedule', once)
    .option('--time-zone <zone>', 'its time zone; UTC unless given', once)
    .option('--count <number>', 'how many; 5 unless given', integer(1, 100))
    .action(
      act(async (cli, name: string | undefined, options: NextFlags) =>
        (await import('./schedules.ts')).nextTimes(cli, name, options),
      ),
    );
};

const defineBackfill = (program: Command, act: Act): void => {
  withInputs(
    withCommonOptions(commandOf(program, 'dag').command('backfill')),
    'an input in place of that of the schedule',
  )
    .description('run a DAG for past times of its schedule; tells which before it starts')
    .argument('<name>', 'the DAG')
    .requiredOption('--from <time>', 'a day (2026-01-31) or a time with a zone; included', once)
    .requiredOption('--to <time>', 'a day or a time; included', once)
    .option('--schedule <name>', 'needed where the DAG has several', once)
    .addOption(
      new Option(
        '--rerun <which>',
        'times that have a run already: left out, those that failed again, or all again',
      )
        .choices(['none', 'failed', 'all'])
        .default('none'),
    )
    .option('--max-parallel <number>', 'how many runs at once; 1 unless given', integer(1, 1_000))
    .option('--dry-run', 'only tell which times would run')
    .option('--idempotency-key <key>', 'the same key starts the same backfill only once')
    .option('--reason <text>', 'why; stored with the backfill')
    .action(
      act(async (cli, dag: string, options: BackfillFlags) =>
        (await import('./backfills.ts')).backfill(cli, dag, options),
      ),
    );
  withFormat(
    withServerOptions(program.command('backfill').description('runs for past times').command('cancel')),
  )
    .description('start no more runs of a backfill, and cancel those that are open')
    .argument('<id>', 'an id, a beginning or end of it, or @latest')
    .action(
      act(async (cli, id: string, options: ServerFlags & FormatFlags) =>
        (await import('./backfills.ts')).cancelBackfill(cli, id, options),
      ),
    );
};

const defineReading = (program: Command, act: Act): void => {
  defineList(commandOf(program, 'get').command('schedules').alias('schedule'), act);
  withCommonOptions(commandOf(program, 'get').command('backfills').alias('backfill'))
    .description('backfills, newest first')
    .option('--dag <name>', 'only of this DAG')
    .action(
      act(async (cli, options: BackfillListFlags) =>
        (await import('./backfills.ts')).getBackfills(cli, options),
      ),
    );
  withCommonOptions(commandOf(program, 'describe').command('schedule'))
    .description('a schedule: when it runs, and what became of its times')
    .argument('<name>')
    .action(
      act(async (cli, name: string, options: ScheduleFlags) =>
        (await import('./schedules.ts')).describeSchedule(cli, name, options),
      ),
    );
  withFormat(withServerOptions(commandOf(program, 'describe').command('backfill')))
    .description('a backfill and how its runs stand')
    .argument('<id>', 'an id, a beginning or end of it, or @latest')
    .action(
      act(async (cli, id: string, options: ServerFlags & FormatFlags) =>
        (await import('./backfills.ts')).describeBackfill(cli, id, options),
      ),
    );
};

/** The commands about schedules and backfills. */
export const defineScheduleCommands = (program: Command, act: Act): void => {
  const schedule = program.command('schedule').description('when DAGs run by themselves');
  defineCreate(schedule, act);
  defineList(schedule.command('list'), act);
  defineChanging(schedule, act);
  defineNext(schedule, act);
  defineBackfill(program, act);
  defineReading(program, act);
};
