import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** The real binary, as people start it. */
export const binaryPath = resolve(
  import.meta.dirname,
  '../../packages/job-orchestrator/bin/job-orchestrator.js',
);

export type Environment = Readonly<Record<string, string>>;

/** A finished command. `code` is null when a signal ended it. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Only what a shell would give: nothing of the tests' own environment may configure the program. */
const baseEnvironment = (): Record<string, string> => {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(kept);
};

/** A running process of ours (`dev`, `serve`, `api` or `executor`). */
export interface Running {
  readonly pid: number;
  /** All that it wrote to stderr so far. */
  log(): string;
  /** Sends a signal and waits for the process' end; returns its exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** True once it is over, by whatever cause. */
  hasEnded(): boolean;
  /** True once `end` was called: its end was wanted. */
  wasEnded(): boolean;
}

const collect = (stream: NodeJS.ReadableStream): (() => string) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
};

/** Starts the binary and leaves it running. */
export const start = (args: readonly string[], environment: Environment): Running => {
  const child = spawn(process.execPath, [binaryPath, ...args], {
    env: { ...baseEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  collect(child.stdout);
  const log = collect(child.stderr);
  const ended = once(child, 'exit');
  let wanted = false;
  return {
    pid: child.pid!,
    log,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    wasEnded: () => wanted,
    end: async (signal) => {
      wanted = true;
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
};

/** Runs the binary to its end; `signal` interrupts it. */
export const run = async (
  args: readonly string[],
  environment: Environment,
  signal?: AbortSignal,
): Promise<CommandResult> => {
  const child = spawn(process.execPath, [binaryPath, ...args], {
    env: { ...baseEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  signal?.addEventListener('abort', () => child.kill('SIGKILL'));
  await once(child, 'close');
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() };
};
