import type { Client, LogMessage } from '@job-orchestrator/client';

/** What a follower heard. */
export interface Heard {
  /** Of text, as the program wrote it; and of holes whose size is known. */
  readonly bytes: number;
  readonly lost: number;
  readonly gaps: number;
  /** The last 1,000 characters. */
  readonly end: string;
  readonly last: LogMessage | null;
}

/** Follows a job's log to its end, with no more of its text kept than its end. */
export const followToEnd = async (client: Client, job: string): Promise<Heard> => {
  let [bytes, lost, gaps, end] = [0, 0, 0, ''];
  let last: LogMessage | null = null;
  for await (const message of client.followLog(job)) {
    if (message.kind === 'gap') [gaps, lost] = [gaps + 1, lost + (message.bytes ?? 0)];
    if (message.kind === 'text') {
      bytes += Buffer.byteLength(message.text);
      end = (end + message.text).slice(-1_000);
    }
    last = message;
  }
  return { bytes, lost, gaps, end, last };
};
