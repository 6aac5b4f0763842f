import { createHash } from 'node:crypto';
import { readOutputFolder, type FoundOutput } from '@job-orchestrator/types/output-folder';
import {
  frameOutput,
  packOutput,
  receiptResultBytes,
  resultName,
  type NamedContent,
  type OutputReceipt,
} from '@job-orchestrator/types/outputs';
import { pauseMs, type Judgement } from './judge-answer.ts';
import type { Parcel } from './put-output.ts';
import type { Settings } from './settings.ts';

/** The world that a collector acts on. */
export interface Effects {
  /** Writes to the collector's log. */
  readonly say: (text: string) => void;
  /** Sends the output once; null where there is nowhere to send it. */
  readonly put: ((parcel: Parcel, limitMs: number) => Promise<Judgement>) | null;
  readonly pause: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly random: () => number;
}

type Delivery = Exclude<Judgement, { kind: 'again' }> | { readonly kind: 'late'; readonly message: string };

/** Tries until the API has decided, or the time is over. */
const deliver = async (effects: Effects, parcel: Parcel, limitMs: number): Promise<Delivery> => {
  const { put, pause, nowMs, random } = effects;
  if (put === null) return { kind: 'over', message: 'no API_URL is set' };
  const endMs = nowMs() + limitMs;
  for (let number = 0; ; number += 1) {
    const judged = await put(parcel, endMs - nowMs());
    if (judged.kind !== 'again') return judged;
    const waitMs = pauseMs(number, random());
    if (nowMs() + waitMs >= endMs) return { kind: 'late', message: judged.message };
    await pause(waitMs);
  }
};

const receiptOf = ({ content, digest }: Parcel, delivery: Delivery): OutputReceipt => {
  if (delivery.kind === 'refused') return { kind: 'refused', message: delivery.message };
  return {
    kind: 'left',
    bytes: content.byteLength,
    digest,
    delivered: delivery.kind === 'accepted',
    result: content.byteLength <= receiptResultBytes ? content : null,
    note: delivery.kind === 'accepted' ? null : delivery.message,
  };
};

const receiptOfNothing = (found: Exclude<FoundOutput, { kind: 'files' }>): OutputReceipt =>
  found.kind === 'none' ? { kind: 'none' } : { kind: 'refused', message: found.message };

const parcelOf = (files: readonly NamedContent[]): Parcel => {
  const content = packOutput(files);
  return { content, digest: createHash('sha256').update(content).digest('hex') };
};

/** Collects one attempt's output. */
export interface Collector {
  /** While the program runs: tries once to deliver what is there, once the result is. */
  early(): Promise<void>;
  /** The program has ended: takes what there is, and tells what became of it. */
  final(): Promise<OutputReceipt>;
}

/**
 * The log gets the whole output before anything is sent: where the API is down, or we are killed in the middle, the
 * executor takes it from there.
 */
export const createCollector = (settings: Settings, effects: Effects): Collector => {
  let accepted: string | null = null;
  const read = (): FoundOutput => readOutputFolder(settings.outputFolder, settings.limits);

  const hand = async (parcel: Parcel): Promise<Delivery> => {
    if (accepted === null) return deliver(effects, parcel, settings.maxWaitMs);
    if (accepted === parcel.digest) return { kind: 'accepted' };
    return { kind: 'refused', message: 'The output was changed after it had been delivered.' };
  };
  return {
    early: async () => {
      const found = read();
      if (accepted !== null || found.kind !== 'files' || effects.put === null) return;
      if (!found.files.some(({ name }) => name === resultName)) return;
      const parcel = parcelOf(found.files);
      const judged = await effects.put(parcel, settings.maxWaitMs);
      if (judged.kind === 'accepted') accepted = parcel.digest;
    },
    final: async () => {
      const found = read();
      if (found.kind !== 'files') return receiptOfNothing(found);
      const parcel = parcelOf(found.files);
      effects.say(frameOutput(parcel.content, parcel.digest));
      return receiptOf(parcel, await hand(parcel));
    },
  };
};
