import { writeFileSync, writeSync } from 'node:fs';
import { writeReceipt } from '@job-orchestrator/types/outputs';
import { createCollector, type Collector, type Effects } from './collect.ts';
import { putOutput } from './put-output.ts';
import { readSettings, type Settings } from './settings.ts';

/** Straight to the file, without the streams of Node: nothing is left unwritten when we exit. */
const say = (text: string): void => {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written);
};

const effectsOf = (settings: Settings): Effects => {
  const { apiUrl } = settings;
  return {
    say,
    put: apiUrl === null ? null : (parcel, limitMs) => putOutput(settings, apiUrl, parcel, limitMs),
    pause: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
    nowMs: () => performance.now(),
    random: Math.random,
  };
};

const finish = async (settings: Settings, collector: Collector): Promise<void> => {
  const receipt = writeReceipt(await collector.final());
  writeFileSync(settings.receiptFile, receipt);
  say(`${receipt}\n`);
  process.exit(0);
};

/** Runs until SIGTERM, which Kubernetes sends a sidecar when the program has ended. */
const run = (settings: Settings): void => {
  const collector = createCollector(settings, effectsOf(settings));
  let looking: Promise<void> | null = null;
  // Without another timer this one keeps the process alive.
  const timer = setInterval(
    () => {
      if (settings.pollIntervalMs > 0) looking ??= collector.early().finally(() => (looking = null));
    },
    settings.pollIntervalMs || 2 ** 31 - 1,
  );
  const stop = (): void => {
    clearInterval(timer);
    void (looking ?? Promise.resolve()).then(() => finish(settings, collector));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  say('output collector: waits for the program to end\n');
};

try {
  run(readSettings(process.env));
} catch (error) {
  say(`output collector: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
