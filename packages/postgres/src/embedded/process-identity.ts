import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** What tells one process from any other that ever had or will have its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
  readonly bootId: string;
  /** The pid namespace: in another one, our view of pids says nothing. */
  readonly namespace: string;
}

const tried = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/**
 * Field 22 of /proc/PID/stat, counted behind the name, which may contain anything. A zombie (state Z) does nothing any
 * more, and stays for as long as its parent does not ask for its end: in a container without an init, for ever.
 */
const startTimeOnLinux = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
};

/** When a process began; empty when there is none, or none that still runs. */
export const startTimeOf = (pid: number): string =>
  tried(() =>
    process.platform === 'linux'
      ? startTimeOnLinux(pid)
      : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim(),
  );

/** Who we are. */
export const ownIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  startedAt: startTimeOf(process.pid),
  bootId: tried(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  namespace: tried(() => readlinkSync('/proc/self/ns/pid')),
});
