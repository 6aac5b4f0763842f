import { spawn } from 'node:child_process';
import { OrchestratorError, type Clock } from '@job-orchestrator/types';
import { messageOf, textOr } from '../system-clock.ts';
import type { IdentitySource } from './credentials.ts';
import { bearer } from './identity-sources.ts';

export interface ExecSettings {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly installHint: string | null;
  /** File and field, for errors. */
  readonly origin: string;
  readonly cluster: { readonly server: string; readonly ca?: string } | null;
}

/** How long a plugin may take, how long its failure is remembered, and how early an expiring answer is renewed. */
export interface ExecTiming {
  readonly limitMs: number;
  readonly failureMs: number;
  readonly renewBeforeMs: number;
}

const defaultTiming: ExecTiming = { limitMs: 30_000, failureMs: 5_000, renewBeforeMs: 60_000 };
const outputLimitBytes = 1_048_576;

type Answer = Awaited<ReturnType<IdentitySource['get']>>;

const unavailable = (settings: ExecSettings, what: string): OrchestratorError =>
  new OrchestratorError(
    'runtime_unavailable',
    `${settings.origin}: ${settings.command} ${what}${settings.installHint === null ? '' : `. ${settings.installHint}`}`,
  );

const execInfo = (settings: ExecSettings): string =>
  JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: settings.apiVersion,
    spec: {
      interactive: false,
      ...(settings.cluster === null
        ? {}
        : {
            cluster: {
              server: settings.cluster.server,
              ...(settings.cluster.ca === undefined
                ? {}
                : { 'certificate-authority-data': Buffer.from(settings.cluster.ca).toString('base64') }),
            },
          }),
    },
  });

/** Runs the plugin once; its output is bounded, and so is its time. */
const runPlugin = (settings: ExecSettings, limitMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const process_ = spawn(settings.command, settings.args, {
      env: { ...process.env, ...settings.env, KUBERNETES_EXEC_INFO: execInfo(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    let [output, complaint] = ['', ''];
    process_.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
      if (output.length > outputLimitBytes) process_.kill('SIGKILL');
    });
    process_.stderr.setEncoding('utf8').on('data', (part: string) => {
      complaint = (complaint + part).slice(-1_000);
    });
    process_.on('error', (error) => reject(unavailable(settings, `cannot be run: ${error.message}`)));
    process_.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const how =
        code === null
          ? `was ended by ${String(signal)} (limit ${limitMs} ms)`
          : `ended with exit code ${code}`;
      return reject(unavailable(settings, `${how}${complaint.trim() === '' ? '' : `: ${complaint.trim()}`}`));
    });
  });

interface ExecStatus {
  readonly token?: unknown;
  readonly clientCertificateData?: unknown;
  readonly clientKeyData?: unknown;
  readonly expirationTimestamp?: unknown;
}

/** Reads what the plugin printed. Exported for its tests. */
export const parseExecCredential = (
  settings: ExecSettings,
  output: string,
): { answer: Answer; expiresAt: number | null } => {
  let status: ExecStatus | null | undefined;
  try {
    status = (JSON.parse(output) as { status?: ExecStatus } | null)?.status;
  } catch (error) {
    throw unavailable(settings, `printed no JSON: ${messageOf(error)}`);
  }
  const { token, clientCertificateData: cert, clientKeyData: key } = status ?? {};
  const hasCertificate = typeof cert === 'string' && typeof key === 'string';
  if (typeof token !== 'string' && !hasCertificate)
    throw unavailable(settings, 'gave neither a token nor a client certificate');
  const expiry = Date.parse(textOr(status?.expirationTimestamp, ''));
  return {
    answer: {
      ...(typeof token === 'string' ? { headers: bearer(token) } : {}),
      ...(hasCertificate ? { cert, key } : {}),
    },
    expiresAt: Number.isNaN(expiry) ? null : expiry,
  };
};

/**
 * Credentials from an exec plugin: one run at a time, cached until shortly before they expire or until a 401.
 * A failure is remembered for some seconds, so that a broken plugin is not started once per request.
 */
export const execSource = (
  settings: ExecSettings,
  clock: Clock,
  timing: ExecTiming = defaultTiming,
): IdentitySource => {
  let good: { answer: Answer; until: number; fetchedAt: number } | null = null;
  let failed: { error: unknown; until: number } | null = null;
  let running: Promise<Answer> | null = null;

  const refresh = async (): Promise<Answer> => {
    try {
      const { answer, expiresAt } = parseExecCredential(settings, await runPlugin(settings, timing.limitMs));
      const lifeMs =
        expiresAt === null
          ? Number.POSITIVE_INFINITY
          : expiresAt - clock.now().getTime() - timing.renewBeforeMs;
      // Even an answer that is all but expired serves for a second: otherwise each request would start the plugin.
      const fetchedAt = clock.monotonicMs();
      good = { answer, until: fetchedAt + Math.max(lifeMs, 1_000), fetchedAt };
      failed = null;
      return answer;
    } catch (error) {
      failed = { error, until: clock.monotonicMs() + timing.failureMs };
      throw error;
    } finally {
      running = null;
    }
  };

  const get = async (): Promise<Answer> => {
    if (good !== null && clock.monotonicMs() < good.until) return good.answer;
    if (running !== null) return running;
    if (failed !== null && clock.monotonicMs() < failed.until) throw failed.error;
    running = refresh();
    return running;
  };
  // A server that refuses every token must not start the plugin for every request.
  const invalidate = (): void => {
    if (good !== null && clock.monotonicMs() - good.fetchedAt >= timing.failureMs) good = null;
  };
  return { get, invalidate };
};
