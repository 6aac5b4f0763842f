import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readReceipt, type OutputReceipt } from '@job-orchestrator/types/outputs';

export const jobId = '0190a000-1111-7000-8000-0000000012ab';
export const attemptNumber = 2;

const bundle = fileURLToPath(new URL('../bundle/output-collector.cjs', import.meta.url));

/** A request as the stand-in for the API got it. */
export interface Put {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers each request by its number, from 0 on. */
export type Answer = (number: number, response: ServerResponse) => void;

/** A real HTTP server in place of the API; `puts` is all that it got. */
export const startApi = async (answer: Answer) => {
  const puts: Put[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method, url, headers } = request;
      puts.push({ method, url, headers, body: Buffer.concat(parts) });
      answer(puts.length - 1, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    puts,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** What a collector left when it had ended. */
export interface Left {
  readonly code: number | null;
  readonly log: string;
  readonly receipt: OutputReceipt | null;
  /** How long it took from the signal to its end, in milliseconds. */
  readonly tookMs: number;
}

/** The bundle as a process of its own, in a folder of its own. */
export const startCollector = (environment: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'jo-collector-'));
  const outputFolder = join(folder, 'output');
  mkdirSync(outputFolder);
  const [outputFile, tokenFile, receiptFile] = ['output/result.json', 'token', 'receipt'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(tokenFile, 'the-token\n');
  writeFileSync(receiptFile, '');
  const child = spawn(process.execPath, [bundle], {
    env: {
      JOB_ID: jobId,
      ATTEMPT: String(attemptNumber),
      OUTPUT_FILE: outputFile,
      TOKEN_FILE: tokenFile,
      RECEIPT_FILE: receiptFile,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (log += part));
  const closed = new Promise<number | null>((resolve) => void child.on('close', (code) => resolve(code)));
  const ended = async (since: number): Promise<Left> => {
    const code = await closed;
    const receipt = readReceipt(readFileSync(receiptFile, 'utf8'));
    rmSync(folder, { recursive: true });
    return { code, log, receipt, tookMs: performance.now() - since };
  };
  /** Before that nobody would hear SIGTERM. */
  const ready = async (): Promise<void> => {
    while (!log.includes('waits for the program')) await once(child.stdout, 'data');
  };
  return {
    outputFile,
    outputFolder,
    tokenFile,
    pid: child.pid ?? 0,
    log: () => log,
    ready,
    /** The program has ended: Kubernetes sends SIGTERM. */
    programEnded: async (): Promise<Left> => {
      await ready();
      const since = performance.now();
      child.kill('SIGTERM');
      return ended(since);
    },
    ended: () => ended(performance.now()),
  };
};
