import { constants } from 'node:os';
import {
  failure,
  type ExitReport,
  type Failure,
  type Observation,
  type OutputReport,
} from '@job-orchestrator/types';
import type { Phase } from './phase.ts';

const signalNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

/** The signal that an exit code of 128 + n stands for; a program may also exit with such a code itself. */
const signalOf = (code: number): string | null => signalNames.get(code - 128) ?? null;

/** Why an ended program failed; null for exit code 0. */
export const judgeExit = (code: number, execFailed: boolean): Failure | null => {
  if (execFailed)
    return failure('command_not_found', 'The system could not execute the command; the log says why.', {
      exitCode: code,
    });
  if (code === 0) return null;
  const signal = signalOf(code);
  if (signal === null)
    return failure('exit_code', `The program ended with exit code ${code}.`, { exitCode: code });
  return failure('signal', `The program was ended by ${signal} (exit code ${code}).`, {
    exitCode: code,
    signal,
  });
};

const judgeLost = (phase: Extract<Phase, { kind: 'lost' }>): Failure =>
  failure(
    'process_lost',
    phase.rebooted
      ? 'The machine restarted while the program ran.'
      : 'The process that watched over the program died without leaving an exit code; what it left was ended.',
    { shimPid: phase.shim?.pid ?? null, bootId: phase.shim?.bootId ?? null, rebooted: phase.rebooted },
  );

type EndedPhase = Extract<Phase, { kind: 'prevented' | 'ended' | 'lost' }>;

/** The exit report of a phase that is over. `noticedAt` dates what left no time of its own. The image is never used. */
export const exitReport = (
  phase: EndedPhase,
  output: OutputReport,
  node: string,
  noticedAt: Date,
): ExitReport => {
  const common = { output, node, imageDigest: null };
  if (phase.kind === 'ended')
    return {
      ...common,
      exitCode: phase.code,
      startedAt: phase.startedAt,
      finishedAt: phase.finishedAt,
      failure: judgeExit(phase.code, phase.execFailed),
    };
  if (phase.kind === 'lost')
    return {
      ...common,
      exitCode: null,
      startedAt: phase.startedAt,
      finishedAt: noticedAt,
      failure: judgeLost(phase),
    };
  return {
    ...common,
    exitCode: null,
    startedAt: null,
    finishedAt: phase.at,
    failure: failure('process_lost', `The program was never started: ${phase.why}.`, {}),
  };
};

/** What a phase that is not over looks like to the executor. */
export const liveObservation = (
  phase: Extract<Phase, { kind: 'unstarted' | 'running' }>,
  node: string,
): Observation =>
  phase.kind === 'unstarted'
    ? { kind: 'waiting', reason: 'launching', message: 'The process is being started.' }
    : { kind: 'running', startedAt: phase.startedAt, node };
