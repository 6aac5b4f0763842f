import { createHash } from 'node:crypto';
import { judgeOutput, readReceipt, type OutputReceipt, type OutputReport } from '@job-orchestrator/types';
import type { ContainerView, PodView } from '../observe/views.ts';

/** sha-256, hex. */
export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** What the collector wrote as its termination message; null when it has not ended, or not by itself. */
export const receiptOf = ({ state }: ContainerView): OutputReceipt | null =>
  state.kind === 'terminated' ? readReceipt(state.message) : null;

const fromReceipt = (receipt: OutputReceipt): OutputReport => {
  if (receipt.kind === 'none') return { kind: 'none' };
  if (receipt.kind === 'refused') return { kind: 'invalid', message: receipt.message };
  const { result, digest } = receipt;
  const whole = result !== null && result.byteLength === receipt.bytes && sha256(result) === digest;
  return whole ? judgeOutput(result, sha256) : { kind: 'left' };
};

/**
 * What became of the output of a pod whose program ended. A collector that cannot run any more without having left a
 * receipt may have delivered the output all the same, or have it in its log.
 */
export const reportOutput = (pod: PodView): OutputReport => {
  const { collector, gone, phase } = pod;
  if (collector === null) return { kind: 'none' };
  const receipt = receiptOf(collector);
  if (receipt !== null) return fromReceipt(receipt);
  const over = collector.state.kind === 'terminated' || gone || phase === 'Succeeded' || phase === 'Failed';
  return { kind: over ? 'left' : 'pending' };
};
