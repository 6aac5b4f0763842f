import {
  OrchestratorError,
  type DagRunDto,
  type DagRunState,
  type RepairedRunDto,
} from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { randomUUID } from 'node:crypto';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { narrowed, writeList, writeValue } from '../output/format.ts';
import { dagsView, runsView } from '../views/dag-views.ts';
import { repairCounts } from '../views/plan-views.ts';
import { failures, runStory } from '../views/run-story.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { noteNext, type PageFlags } from './get.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { allNodes, readTree } from './read-nodes.ts';
import { rethrowPlaced } from './placed.ts';
import { inputsOf, withInputs, type InputFlags } from './run-inputs.ts';
import { withServer, type Session } from './session.ts';
import { watchRun } from './watch-run.ts';

export type GetDagsFlags = ServerFlags & FormatFlags & ProjectFlags;
export type GetRunsFlags = GetDagsFlags &
  PageFlags & {
    readonly dag?: string;
    readonly state?: readonly DagRunState[];
    readonly nested?: boolean;
    readonly parent?: string;
  };
export type ApplyFlags = GetDagsFlags & { readonly file: string };
export type WatchFlags = ServerFlags & FormatFlags & { readonly timeout?: number };
export type RunFlags = GetDagsFlags &
  InputFlags & {
    readonly dagVersion?: number;
    readonly cache: boolean;
    readonly dryRun?: boolean;
    readonly watch?: boolean;
    readonly idempotencyKey?: string;
  };
export type RerunFlags = ServerFlags &
  FormatFlags & {
    readonly from?: string;
    readonly input?: readonly string[];
    readonly cache: boolean;
    readonly dryRun?: boolean;
    readonly watch?: boolean;
  };

/** The exit code for where a run stands. */
const exitCodeOfRun = (state: DagRunState): number => {
  if (state === 'completed') return exitCodes.ok;
  if (state === 'failed') return exitCodes.jobFailed;
  return state === 'cancelled' ? exitCodes.cancelled : exitCodes.stillRunning;
};

/** `dag apply -f FILE`. */
export const applyFile = (cli: Cli, flags: ApplyFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { suspicions } = await import('@job-orchestrator/dag-orchestrator');
    const { document, graph, place } = await (await import('./dag-files.ts')).readDag(flags.file);
    for (const suspicion of suspicions(graph)) screen.note(`note: ${suspicion}`);
    const applied = await client.applyDag(document).catch(rethrowPlaced(place));
    const { format } = flags;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, applied);
    else screen.out(`dag/${applied.name}${format === 'name' ? '' : ` version ${applied.version}`}\n`);
    screen.note(
      applied.created
        ? `start it: job-orchestrator dag run ${applied.name}`
        : `nothing changed: version ${applied.version} says the same`,
    );
    if (applied.created && applied.version > 1)
      screen.note(`what changed: job-orchestrator dag diff ${applied.name}`);
    return exitCodes.ok;
  });

const follow = async (session: Session, run: string, flags: WatchFlags): Promise<number> => {
  try {
    const ended = await interruptible((signal) =>
      watchRun(session, run, {
        signal,
        timeoutMs: flags.timeout ?? null,
        stream: flags.format === 'table' ? 'stdout' : 'stderr',
      }),
    );
    if (flags.format !== 'table') await writeRun(session, flags, ended);
    if (ended.state === 'failed')
      for (const line of failures(await readTree(session, ended.id))) session.screen.note(line);
    return exitCodeOfRun(ended.state);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    session.screen.note(`the run goes on; see it: job-orchestrator describe run ${shortId(run)}`);
    return exitCodes.interrupted;
  }
};

/** `dag watch RUN`. */
export const watch = (cli: Cli, selector: string, flags: WatchFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { id } = await session.client.getDagRun(selector);
    return follow(session, id, flags);
  });

/** Of a run that was started: follows it if asked, else says how to. */
const tellStarted = async (
  session: Session,
  id: string,
  flags: FormatFlags & { readonly watch?: boolean },
): Promise<number> => {
  if (flags.watch === true) return follow(session, id, flags);
  await writeId(session, flags, id);
  session.screen.note(`follow it: job-orchestrator dag watch ${shortId(id)}`);
  return exitCodes.ok;
};

/** `dag run NAME`: starts a run, and follows it if asked. */
export const runDag = (cli: Cli, name: string, flags: RunFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    if (flags.dryRun === true) return (await import('./plan-run.ts')).planRun(session, name, flags);
    const start = {
      ...given({ project: flags.project, version: flags.dagVersion }),
      noCache: !flags.cache,
      idempotencyKey: flags.idempotencyKey ?? randomUUID(),
    };
    const { id, replayed } = await withInputs(flags, (inputs) =>
      session.client.startDagRun(name, { ...start, inputs }),
    );
    if (replayed) session.screen.note('started before with the same key');
    return tellStarted(session, id, flags);
  });

const writeId = async ({ screen }: Session, { format }: FormatFlags, id: string): Promise<void> => {
  if (format === 'json' || format === 'yaml') await writeValue(screen, format, { id });
  else screen.out(format === 'name' ? `run/${id}\n` : `${id}\n`);
};

/** `dag cancel RUN`, `dag pause RUN`, `dag resume RUN`. */
export const changeRun = (
  cli: Cli,
  verb: 'cancel' | 'pause' | 'resume',
  selector: string,
  flags: ServerFlags & FormatFlags,
): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { id } = await client.getDagRun(selector);
    const calls = { cancel: client.cancelDagRun, pause: client.pauseDagRun, resume: client.resumeDagRun };
    const { answer, state } = await calls[verb](id);
    const { format } = flags;
    const said = { cancel: 'is being cancelled', pause: 'is paused', resume: 'goes on' }[verb];
    const late = answer === 'too_late';
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, { id, answer, state });
    else if (format === 'name') screen.out(`run/${id}\n`);
    else screen.out(`${shortId(id)} ${late ? `had ended already: ${state}` : said}\n`);
    return late ? exitCodes.conflict : exitCodes.ok;
  });

/** What of a run runs again, and why. */
const repairLines = ({ because, ...counts }: RepairedRunDto): readonly string[] => [
  repairCounts(counts),
  ...because.slice(0, 5).map(({ node, why }) => `  ${node} ${why}`),
];

/** `dag retry RUN`. */
export const retryRun = (cli: Cli, selector: string, flags: RerunFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const old = await session.client.getDagRun(selector);
    const inputs = flags.input === undefined ? undefined : { ...old.inputs, ...inputsOf(flags.input) };
    const again = given({ from: flags.from, inputs });
    if (flags.dryRun === true)
      return (await import('./plan-run.ts')).planRerun(session, old.id, again, flags);
    const run = await session.client.rerunDagRun(old.id, {
      ...again,
      noCache: !flags.cache,
      idempotencyKey: randomUUID(),
    });
    for (const line of repairLines(run)) session.screen.note(line);
    return tellStarted(session, run.id, flags);
  });

/** `dag rerun RUN --from NODE`, `dag rerun RUN -i NAME=VALUE`. */
export const rerunRun = async (cli: Cli, selector: string, flags: RerunFlags): Promise<number> => {
  if (flags.from === undefined && flags.input === undefined)
    throw new OrchestratorError(
      'invalid_input',
      'Say what runs again: a node with --from NODE, or what reads an input with -i NAME=VALUE. What failed: dag retry RUN.',
    );
  return retryRun(cli, selector, flags);
};

/** `get dags`. */
export const getDags = (cli: Cli, flags: GetDagsFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { items } = await client.listDags(given({ project: flags.project, limit: 500 }));
    await writeList(screen, flags.format, dagsView(new Date()), items);
    return exitCodes.ok;
  });

/** `get runs`. */
export const getRuns = (cli: Cli, flags: GetRunsFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { project, dag, state, nested, parent, limit, cursor } = flags;
    const page = await client.listDagRuns(
      given({ project, dag, states: state, nested, parent, limit, cursor }),
    );
    const view = narrowed(runsView(new Date(), screen.outColours), { project, dag, state, parent });
    await writeList(screen, flags.format, view, page.items);
    noteNext(screen, page.next);
    return exitCodes.ok;
  });

const writeRun = async (session: Session, { format }: FormatFlags, run: DagRunDto): Promise<void> => {
  const { screen } = session;
  if (format === 'name') return screen.out(`run/${run.id}\n`);
  if (format === 'table')
    return screen.out(
      runStory(run, await readTree(session, run.id), new Date(), screen.outColours, screen.outStyle.columns),
    );
  await writeValue(screen, format, { ...run, nodes: await allNodes(session, run.id) });
};

/** `describe run RUN`. */
export const describeRun = (cli: Cli, selector: string, flags: ServerFlags & FormatFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    await writeRun(session, flags, await session.client.getDagRun(selector));
    return exitCodes.ok;
  });
