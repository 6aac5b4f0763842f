import type { Readable } from 'node:stream';
import {
  createFrameReader,
  judgeOutput,
  limits,
  packHeaderBytes,
  type AttemptRef,
  type FramedOutput,
  type OutputReport,
} from '@job-orchestrator/types';
import { openLog } from '../logs/read-log.ts';
import type { ContainerView } from '../observe/views.ts';
import type { RuntimeContext } from '../runtime/context.ts';
import { findPod } from '../runtime/find-pod.ts';
import { collectorContainer } from './container.ts';
import { receiptOf, sha256 } from './report-output.ts';

/** No line of a frame is longer; a longer one is none of ours. */
const longestLineChars = 16_384;

/** The last whole output in a log, in bounded memory. Throws where the log breaks off. */
const readFrames = async (stream: Readable, limitBytes: number): Promise<FramedOutput | null> => {
  const reader = createFrameReader(limitBytes);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLineChars);
    lines.forEach(reader.line);
  }
  return reader.found();
};

const lost = (message: string): OutputReport => ({ kind: 'lost', message });

const endOf = (collector: ContainerView | null): string => {
  if (collector?.state.kind !== 'terminated') return 'its end was not seen';
  const { exitCode, reason } = collector.state;
  return `it ended with exit code ${exitCode}${reason === '' ? '' : ` (${reason})`}`;
};

/** What the log holds must be what the receipt says, where there is one. */
const judgeFrame = (frame: FramedOutput | null, collector: ContainerView | null): OutputReport => {
  const receipt = collector === null ? null : receiptOf(collector);
  if (frame === null)
    return lost(`The log of the output collector holds no whole output; ${endOf(collector)}.`);
  const expected = receipt?.kind === 'left' ? receipt.digest : frame.digest;
  if (sha256(frame.content) !== frame.digest || frame.digest !== expected)
    return lost('The output in the log of the output collector is not the one of its receipt.');
  return judgeOutput(frame.content, sha256);
};

/** The most that a collector can be told to take: a job launched under a larger limit than ours is not lost. */
const mostBytes = limits.outputBytesMost + packHeaderBytes;

/** Collects the output of an ended attempt again, from the log of its collector. */
export const collectOutput = async (context: RuntimeContext, ref: AttemptRef): Promise<OutputReport> => {
  const pod = await findPod(context, ref);
  if (pod.kind === 'unknown') return { kind: 'pending' };
  if (pod.kind === 'none')
    return lost('The pod is gone, and with it the log of the output collector; nothing had been delivered.');
  const opened = await openLog(context.api, context.paths, pod.name, { container: collectorContainer });
  if (opened.kind === 'not_found' || opened.kind === 'refused')
    return lost(`The output collector has no log: ${opened.message}`);
  if (opened.kind !== 'ok') return { kind: 'pending' };
  try {
    const frame = await readFrames(opened.body, mostBytes);
    return judgeFrame(frame, pod.collector);
  } catch {
    return { kind: 'pending' };
  }
};
