import { createHash } from 'node:crypto';
import {
  failure,
  type AttemptLaunch,
  type Clock,
  type ExitReport,
  type Failure,
  type OutputReport,
} from '@job-orchestrator/types';
import type { Program, ProgramStep } from '../programs.ts';

/** A test program inside the fake runtime: its log, and how it ended. */
export interface ProgramRun {
  readonly startedAt: Date;
  readonly log: () => string;
  readonly exit: () => ExitReport | null;
  /** SIGTERM, then SIGKILL after the grace. */
  stop(graceSeconds: number): void;
  /** Ends it now, whatever it does. */
  kill(code: number): void;
}

/** The command by which the fake runs a program; there is no shell in it. */
export const fakeCommand = (program: Program): readonly string[] => ['fake', JSON.stringify(program)];

const outputOf = (text: string): OutputReport => {
  try {
    JSON.parse(text);
    const digest = createHash('sha256').update(text).digest('hex');
    return { kind: 'ready', result: { text, bytes: Buffer.byteLength(text), digest }, files: [] };
  } catch {
    return { kind: 'invalid', message: 'the output is not JSON' };
  }
};

const failureOf = (code: number, signal: string | null): Failure | null => {
  if (signal) return failure('signal', `the program was ended by ${signal}`);
  if (code === 0) return null;
  return failure('exit_code', `the program ended with exit code ${code}`, { exitCode: code });
};

const printed = (step: ProgramStep, launch: AttemptLaunch): string => {
  const { spec } = launch;
  if (step.kind === 'print') return `${step.text}\n`;
  if (step.kind === 'printEnv') return `${spec.env[step.name] ?? ''}\n`;
  if (step.kind === 'printArg') return `${spec.args?.[0] ?? ''}\n`;
  if (step.kind === 'printInputs') return `${JSON.stringify(spec.inputs ?? {})}\n`;
  if (step.kind !== 'printLines') return '';
  return Array.from({ length: step.count }, (_, index) => `line ${index + 1}\n`).join('');
};

/** Starts a program; `changed` is called when it has ended. Throws when the command is not one of `fakeCommand`. */
export const runProgram = (clock: Clock, launch: AttemptLaunch, changed: () => void): ProgramRun => {
  const steps = [...(JSON.parse(launch.spec.command?.[1] ?? '[]') as Program)];
  const startedAt = clock.now();
  let log = '';
  let written: string | null = null;
  let exit: ExitReport | null = null;
  let obeysStop = true;

  const end = (code: number, signal: string | null = null): void => {
    if (exit) return;
    const output: OutputReport =
      launch.spec.output && written !== null ? outputOf(written) : { kind: 'none' };
    const exitCode = signal ? null : code;
    const base = { startedAt, finishedAt: clock.now(), node: 'fake-node', imageDigest: null };
    exit = { ...base, exitCode, failure: failureOf(code, signal), output };
    changed();
  };
  const next = (): void => {
    for (;;) {
      const step = steps.shift();
      if (exit) return;
      if (!step) return end(0);
      log += printed(step, launch);
      if (step.kind === 'exit') return end(step.code);
      if (step.kind === 'dieBySignal') return end(0, 'SIGKILL');
      if (step.kind === 'writeOutput') written = step.text;
      if (step.kind === 'sleep') return void clock.setTimer(step.seconds * 1_000, next);
      if (step.kind === 'ignoreStop') obeysStop = false;
      if (step.kind === 'ignoreStop' || step.kind === 'waitForStop') return;
    }
  };
  next();
  return {
    startedAt,
    log: () => log,
    exit: () => exit,
    stop: (graceSeconds) => {
      if (obeysStop) end(143);
      else clock.setTimer(graceSeconds * 1_000, () => end(0, 'SIGKILL'));
    },
    kill: (code) => end(code),
  };
};
