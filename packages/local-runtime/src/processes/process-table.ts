import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** A process that cannot be mistaken for a later one with the same pid. `birth` is as the shim wrote it. */
export interface ShimIdentity {
  readonly pid: number;
  readonly bootId: string;
  readonly birth: string;
}

/** What this machine's kernel says of processes. */
export interface ProcessTable {
  /** Differs after every boot. */
  readonly bootId: string;
  /** True while exactly this process lives; a zombie does not. */
  isAlive(shim: ShimIdentity): boolean;
}

const isNoProcess = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ESRCH';

/** Sends a signal to a pid or (negative) to a group. False: nobody there. EPERM counts as somebody. */
export const sendSignal = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return !isNoProcess(error);
  }
};

/** Fields 3 (state) and 22 (start time in ticks since boot) of /proc/PID/stat; the name may contain anything. */
const parseStat = (stat: string): { state: string; birth: string } => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', birth: fields[19] ?? '' };
};

const isAliveLinux = (shim: ShimIdentity): boolean => {
  try {
    const found = parseStat(readFileSync(`/proc/${shim.pid}/stat`, 'latin1'));
    return found.state !== 'Z' && found.state !== 'X' && found.birth === parseStat(shim.birth).birth;
  } catch {
    return false;
  }
};

const linuxTable = (bootId: string): ProcessTable => ({
  bootId,
  isAlive: (shim) => shim.bootId === bootId && isAliveLinux(shim),
});

const ask = (command: string, args: readonly string[]): string => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
};

const isSame = (shim: ShimIdentity): boolean =>
  ask('ps', ['-o', 'lstart=', '-p', String(shim.pid)]) === shim.birth.trim();

/**
 * Without /proc a birth costs a process, so it is compared once per shim (an adopter's first look), and after that
 * the pid alone is asked: it cannot be given to another while we have seen it alive a poll ago, in practice.
 */
const portableTable = (bootId: string): ProcessTable => {
  const known = new Set<number>();
  return {
    bootId,
    isAlive: (shim) => {
      const alive =
        shim.bootId === bootId && sendSignal(shim.pid, 0) && (known.has(shim.pid) || isSame(shim));
      if (alive) known.add(shim.pid);
      else known.delete(shim.pid);
      return alive;
    },
  };
};

/** The table of the machine we run on. */
export const openProcessTable = (): ProcessTable =>
  platform() === 'linux'
    ? linuxTable(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
    : portableTable(ask('sysctl', ['-n', 'kern.bootsessionuuid']) || ask('sysctl', ['-n', 'kern.boottime']));
