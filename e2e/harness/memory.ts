import { readFileSync } from 'node:fs';

const field = (pid: number, name: string): number => {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1_024;
};

/** Resident memory of a process now, in MiB. */
export const residentMiB = (pid: number): number => field(pid, 'VmRSS');

/** The most that it ever had. */
export const mostResidentMiB = (pid: number): number => field(pid, 'VmHWM');
