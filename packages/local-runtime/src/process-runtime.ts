import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import {
  limits,
  objectName,
  OrchestratorError,
  type AttemptRef,
  type Clock,
  type InstallationId,
  type JobRuntime,
  type Logger,
  type LogRequest,
  type LogSource,
  type LogTail,
  type Observation,
} from '@job-orchestrator/types';
import { createAttemptsFolder, isDamaged } from './attempt/folder.ts';
import { exitReport, liveObservation } from './attempt/judge.ts';
import { isLive } from './attempt/phase.ts';
import { readOutput } from './attempt/read-output.ts';
import { findCommand } from './launch/find-command.ts';
import { findShimTools, type ShimTools } from './launch/shim.ts';
import { followLog } from './log/follow.ts';
import { readTail } from './log/segments.ts';
import { runtimeKey } from './processes/machine.ts';
import { openProcessTable } from './processes/process-table.ts';
import { sweepMarked } from './processes/sweep.ts';
import { createBook, type AttemptBook } from './runtime/book.ts';
import { createEnsure } from './runtime/ensure.ts';
import type { Entry, RuntimeContext } from './runtime/entry.ts';
import { deleteUnfinished, removeEntry } from './runtime/remove.ts';
import { askToStop } from './runtime/stop.ts';

export interface ProcessRuntimeOptions {
  /** Attempts stand in `<dataDir>/attempts`; one living orchestrator per folder. Made when it is not there. */
  readonly dataDir: string;
  readonly installation: InstallationId;
  readonly log: Logger;
  readonly clock: Clock;
  /** Where commands run. Default: where this process was started, so that relative paths mean what people expect. */
  readonly workingDirectory?: string;
  /** Our own environment; a job inherits only `inheritedVariables` and `LC_*` of it. Default: `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A log is rotated at this size, and one rotated piece is kept: about twice this on disk. Default 10 MiB. */
  readonly maxLogBytes?: number;
  /** How much of an output is taken. Default 256 KiB, 100 files. */
  readonly outputLimits?: OutputLimits;
  /** Between two looks at all live attempts, for what the watches missed. Milliseconds, default 1000. */
  readonly pollIntervalMs?: number;
  /** False: no file watches, polling alone. Default true. */
  readonly watch?: boolean;
}

const unavailable = (message: string, cause?: unknown): OrchestratorError =>
  new OrchestratorError('runtime_unavailable', message, [], { cause });

const standardPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

const findTools = (searchPath: string): { tools: ShimTools; env: string } => {
  const find = (name: string): string | null => {
    const found = findCommand(name, `${searchPath}:${standardPath}`, '/');
    return found.kind === 'found' ? found.path : null;
  };
  const tools = findShimTools(find);
  const env = find('env');
  if (tools !== null && env !== null) return { tools, env };
  throw unavailable(
    'The process runtime needs /bin/sh, mv, env, and setsid (util-linux or busybox) or perl; not all of them are in PATH.',
  );
};

const contextOf = (options: ProcessRuntimeOptions): RuntimeContext => {
  if (process.platform === 'win32') throw unavailable('The process runtime needs Linux or macOS.');
  const environment = options.environment ?? process.env;
  const { tools, env } = findTools(environment['PATH'] ?? '');
  const workingDirectory = resolve(options.workingDirectory ?? process.cwd());
  return {
    attempts: createAttemptsFolder(resolve(options.dataDir)),
    installation: options.installation,
    log: options.log,
    clock: options.clock,
    table: openProcessTable(),
    tools,
    settings: {
      workingDirectory,
      environment,
      env,
      secretsFile: join(resolve(options.dataDir), 'secrets.json'),
    },
    node: hostname(),
    maxLogBytes: options.maxLogBytes ?? 10_485_760,
    outputLimits: options.outputLimits ?? { bytes: limits.outputBytes, files: limits.outputFiles },
    pollIntervalMs: options.pollIntervalMs ?? 1_000,
    useWatch: options.watch ?? true,
  };
};

const requireFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw unavailable(`The working directory ${path} is not a folder.`);
};

const observeEntry = async (context: RuntimeContext, entry: Entry): Promise<Observation> => {
  const { phase } = entry;
  if (phase.kind === 'unstarted' || phase.kind === 'running') return liveObservation(phase, context.node);
  const promised = entry.file.output && phase.kind === 'ended' && phase.code === 0;
  const output = promised
    ? readOutput(entry.paths.output, context.outputLimits)
    : ({ kind: 'none' } as const);
  return { kind: 'ended', exit: exitReport(phase, output, context.node, entry.noticedAt) };
};

/** Nothing can be told from a damaged folder, and holding it would be for ever: what runs of it is ended, and it is gone. */
const giveUpDamaged = async (ref: AttemptRef): Promise<Observation> => {
  await sweepMarked(ref.attemptId, null);
  return { kind: 'absent' };
};

const observe = async (context: RuntimeContext, book: AttemptBook, ref: AttemptRef): Promise<Observation> => {
  try {
    const entry = book.find(ref);
    return entry === null ? { kind: 'absent' } : await observeEntry(context, entry);
  } catch (error) {
    if (isDamaged(error)) return giveUpDamaged(ref);
    return { kind: 'unreachable', message: `The attempt's folder cannot be read: ${String(error)}` };
  }
};

/** Runs `act` on the attempt's entry; `absent` where there is none, `fault` where it cannot be said or done now. */
const onEntry = async <Result>(
  context: RuntimeContext,
  book: AttemptBook,
  ref: AttemptRef,
  answers: { readonly absent: Result; readonly fault: Result },
  act: (entry: Entry) => Promise<Result> | Result,
): Promise<Result> => {
  try {
    const entry = book.find(ref);
    return entry === null ? answers.absent : await act(entry);
  } catch (error) {
    context.log.warn({ attemptId: ref.attemptId, error: String(error) }, 'cannot reach an attempt’s folder');
    return answers.fault;
  }
};

const remove = (context: RuntimeContext, book: AttemptBook, ref: AttemptRef): Promise<boolean> => {
  const name = objectName(ref.installation, ref.jobId, ref.attemptNumber);
  const answers = { absent: !existsSync(join(context.attempts, name)), fault: false };
  return onEntry(context, book, ref, answers, (entry) => removeEntry(context, book, entry));
};

const list = (context: RuntimeContext, book: AttemptBook): readonly AttemptRef[] | null => {
  try {
    const refs = book.all().map((entry) => entry.file.ref);
    return refs.filter((ref) => ref.installation === context.installation);
  } catch (error) {
    context.log.warn({ error: String(error) }, 'cannot list the attempts');
    return null;
  }
};

const openLog = (
  context: RuntimeContext,
  book: AttemptBook,
  ref: AttemptRef,
  request: LogRequest,
): Promise<AsyncIterable<Uint8Array> | null> =>
  onEntry<AsyncIterable<Uint8Array> | null>(context, book, ref, { absent: null, fault: null }, (entry) => {
    const ended = (): boolean => entry.removed || !isLive(entry.phase);
    return followLog({ folder: entry.paths.log, ended }, request, context.clock);
  });

/**
 * Attempts as child processes of this machine: no isolation, and the image is not used. Each attempt is a folder and
 * one `sh` shim that outlives us, so that another instance over the same folder finds running programs and true exit
 * codes. Throws `runtime_unavailable` where the machine lacks what it needs.
 */
export const createProcessRuntime = (options: ProcessRuntimeOptions): JobRuntime & LogSource => {
  const context = contextOf(options);
  const book = createBook(context);
  const none = { absent: null, fault: null };
  return {
    kind: 'process',
    key: runtimeKey(options.dataDir),
    start: async (onChange) => {
      requireFolder(context.settings.workingDirectory);
      await deleteUnfinished(context);
      await book.open(onChange);
    },
    ensure: createEnsure(context, book),
    observe: (ref) => observe(context, book, ref),
    stop: (ref, graceSeconds) =>
      onEntry(context, book, ref, { absent: true, fault: false }, async (entry) => {
        await askToStop(context, book, entry, graceSeconds);
        return true;
      }),
    logTail: (ref, maxBytes) =>
      onEntry<LogTail | null>(context, book, ref, none, (entry) => readTail(entry.paths.log, maxBytes)),
    // Never asked for: an observation brings the output itself.
    collectOutput: () => Promise.resolve({ kind: 'none' }),
    remove: (ref) => remove(context, book, ref),
    list: () => Promise.resolve(list(context, book)),
    // A folder that cannot be read is `unreachable` for its own attempt; it belongs to nobody else.
    setAside: () => Promise.resolve([]),
    close: () => Promise.resolve(book.close()),
    // A process has no other container than its program.
    open: async (ref, request) =>
      (request.container ?? 'main') === 'main' ? openLog(context, book, ref, request) : null,
  };
};
