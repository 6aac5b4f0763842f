import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobDetail, OutputEntryDto } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { shortId } from '@job-orchestrator/types/ids';
import { contentTypeOf, outputNameFault } from '@job-orchestrator/types/outputs';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList } from '../output/format.ts';
import { outputsView } from '../views/job-views.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { withServer, type Session } from './session.ts';

export interface OutputFlags extends ServerFlags, FormatFlags {
  /** Where to write: a file for one output, a folder for all. */
  readonly save?: string;
}

const cannotSave = (path: string, error: unknown): OrchestratorError =>
  new OrchestratorError('invalid_input', `${path} cannot be written: ${(error as Error).message}.`, [
    { field: '--save', message: 'cannot be written', value: path },
  ]);

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() === true;

/** The name comes from the server: one that leads out of the folder is not followed. */
const save = async ({ client, screen }: Session, job: string, name: string, path: string): Promise<void> => {
  const fault = outputNameFault(name);
  if (fault !== null) throw new OrchestratorError('invalid_input', fault);
  const content = await client.readOutput(job, name);
  await writeFile(path, content).catch((error: unknown) => {
    throw cannotSave(path, error);
  });
  screen.note(`${path}: ${content.byteLength} bytes`);
};

const saveAll = async (session: Session, job: string, folder: string): Promise<void> => {
  const { items } = await session.client.listOutputs(job);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw cannotSave(folder, error);
  });
  for (const { name } of items) await save(session, job, name, join(folder, name));
};

const isText = (name: string): boolean => /^text\/|json$|yaml$/.test(contentTypeOf(name));

/** Byte by byte into a file or pipe; on a terminal only text, cleaned. */
const show = async ({ client, screen }: Session, job: string, name: string): Promise<void> => {
  if (screen.outStyle.terminal && !isText(name))
    throw new OrchestratorError('invalid_input', `${name} is not text; nothing is written to a terminal.`, [
      { field: 'NAME', message: 'write it to a file: --save FILE, or > FILE', value: name },
    ]);
  const content = await client.readOutput(job, name);
  if (!screen.outStyle.terminal) return screen.outBytes(content);
  const cleaned = screen.outStream();
  const text = new TextDecoder().decode(content);
  screen.out(cleaned.push(text.endsWith('\n') ? text : `${text}\n`) + cleaned.end());
};

const emptyNote = ({ id, state, spec }: JobDetail): string => {
  if (!spec.output) return `${shortId(id)} declares no output (submit with output: true, or run --output)`;
  return state === 'completed'
    ? `${shortId(id)} left nothing`
    : `${shortId(id)} is ${state}; only a completed job has outputs`;
};

const list = async ({ client, screen }: Session, job: string, flags: OutputFlags): Promise<void> => {
  const { items } = await client.listOutputs(job);
  const whenEmpty = items.length === 0 ? emptyNote(await client.getJob(job)) : '';
  await writeList<OutputEntryDto>(screen, flags.format, outputsView(whenEmpty), items);
};

/** `outputs JOB [NAME]`: what a job left: its names, one of them, or with `--save` the files. */
export const outputs = (
  cli: Cli,
  job: string,
  name: string | undefined,
  flags: OutputFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { save: path } = flags;
    if (path === undefined) await (name === undefined ? list(session, job, flags) : show(session, job, name));
    else if (name === undefined) await saveAll(session, job, path);
    else await save(session, job, name, (await isFolder(path)) ? join(path, name) : path);
    return exitCodes.ok;
  });
