import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, percentile } from '../queue/statistics.mjs';

const bundle = fileURLToPath(
  new URL('../../packages/output-collector/dist/bundle/output-collector.cjs', import.meta.url),
);
const node = process.env.PRODUCT_NODE ?? process.execPath;
const starts = { full: 30, quick: 5 };
const output = JSON.stringify('x'.repeat(262_142));

const mostResidentMb = (pid) =>
  (Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1_024) / 1e6;

/** Takes what is delivered, and measures the sender while it waits for the answer. */
const startApi = async () => {
  const api = { measure: () => undefined };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      api.measure();
      response.writeHead(201).end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(api, {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => server.close(),
  });
};

/** How long this Node takes to say a word: what the machine does besides shows in it, too. */
const startNode = async () => {
  const before = performance.now();
  const child = spawn(node, ['-e', 'console.log(1)'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const startMs = performance.now() - before;
  await ended;
  return startMs;
};

/** One collector from its spawn until it waits for its program, and then with the largest output until its end. */
const runOne = async (api) => {
  const folder = mkdtempSync(join(tmpdir(), 'jo-bench-collector-'));
  const at = (name) => join(folder, name);
  mkdirSync(at('output'));
  for (const [name, text] of Object.entries({ token: 'token', receipt: '', 'output/result.json': output }))
    writeFileSync(at(name), text);
  const env = {
    JOB_ID: '0190a000-1111-7000-8000-0000000012ab',
    ATTEMPT: '1',
    API_URL: api.url,
    OUTPUT_FILE: at('output/result.json'),
    TOKEN_FILE: at('token'),
    RECEIPT_FILE: at('receipt'),
  };
  const before = performance.now();
  const child = spawn(node, [bundle], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const startMs = performance.now() - before;
  let residentMb = mostResidentMb(child.pid);
  api.measure = () => void (residentMb = mostResidentMb(child.pid));
  child.stdout.resume();
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true });
  return { startMs, residentMb };
};

/** What the sidecar of a job with an output costs: its start, and the most memory that it ever holds. */
export const measureCollector = async (_server, { quick }) => {
  const api = await startApi();
  const [runs, bare] = [[], []];
  for (let run = 0; run < starts[quick ? 'quick' : 'full']; run += 1) {
    bare.push(await startNode());
    runs.push(await runOne(api));
  }
  api.close();
  const startMs = runs.map((run) => run.startMs);
  return {
    size: { collector: { starts: runs.length, outputBytes: output.length } },
    figures: {
      collector_start_ms: median(startMs),
      node_start_ms: median(bare),
      collector_start_ms_p99: percentile(startMs, 0.99),
      collector_rss_mb: Math.max(...runs.map((run) => run.residentMb)),
    },
  };
};
