import {
  attemptId,
  failureReasons,
  installationId,
  jobId,
  type AttemptLaunch,
  type Observation,
} from '@job-orchestrator/types';
import { waitUntil } from '@job-orchestrator/executor-core/testing';
import type { ApiClient } from '../../http/api-client.ts';
import { pathsOf } from '../../http/paths.ts';
import { renderJob } from '../../manifest.ts';
import { replay, replayAnswer, type FailureFixture } from '../fixture.ts';
import { exampleLaunch } from '../launches.ts';
import { normalise, trim } from './normalise.ts';
import type { Scenario, Stage } from './scenario.ts';
import type { RawWatch } from './watch-raw.ts';

/** Where scenarios are played. */
export interface Scene extends Omit<Stage, 'seen' | 'until' | 'begun' | 'podName'> {
  readonly watch: RawWatch;
  /** Of an account that may do nothing. */
  readonly rightless: ApiClient;
  readonly source: string;
  readonly hidden: Readonly<Record<string, string>>;
}

const patienceMs = 90_000;
const installation = installationId('0190a000-0000-7000-8000-00000000cafe');

/** The same ids at every recording, apart for each scenario. */
const launchOf = (scenario: Scenario, index: number): AttemptLaunch => {
  const end = String(index + 1).padStart(4, '0');
  return {
    ...exampleLaunch(scenario.spec),
    installation,
    jobId: jobId(`0190a000-1111-7000-8000-00000000${end}`),
    attemptId: attemptId(`0190a000-1111-7000-8000-00010000${end}`),
  };
};

const messageOf = (seen: Observation): string => {
  if (seen.kind === 'ended') return seen.exit.failure?.message ?? '';
  if (seen.kind === 'refused') return seen.failure.message;
  return 'message' in seen ? seen.message : '';
};

const fits = ({ expected }: Scenario, seen: Observation): boolean => {
  if (seen.kind !== expected.observation) return false;
  if (seen.kind === 'ended' && seen.exit.exitCode !== (expected.exitCode ?? seen.exit.exitCode)) return false;
  if (seen.kind === 'ended' && (seen.exit.failure?.reason ?? undefined) !== expected.reason) return false;
  if (seen.kind === 'refused' && seen.failure.reason !== expected.reason) return false;
  if (seen.kind === 'waiting' && seen.reason !== expected.waiting) return false;
  return expected.says?.test(messageOf(seen)) ?? true;
};

const begun = async ({ api, namespace, watch }: Scene, launch: AttemptLaunch): Promise<void> => {
  const look = async (): Promise<true | null> => {
    const [pod] = watch.of(launch.attemptId).pods as { metadata: { name: string } }[];
    if (pod === undefined) return null;
    const log = await api.stream({ path: `${pathsOf(namespace).podLog(pod.metadata.name)}?limitBytes=5` });
    if (log.kind !== 'ok') return null;
    for await (const bytes of log.body) return Buffer.from(bytes as Uint8Array).includes('begun') || null;
    return null;
  };
  await waitUntil('the first line', look, { timeoutMs: patienceMs });
};

const stageOf = (scene: Scene, launch: AttemptLaunch): Stage => {
  const seen = () => scene.watch.of(launch.attemptId);
  return {
    ...scene,
    seen,
    begun: () => begun(scene, launch),
    podName: () => (seen().pods[0] as { metadata: { name: string } }).metadata.name,
    until: async (kind) => {
      const look = (): Promise<true | null> =>
        Promise.resolve(replay(fixtureOf(seen(), '', 'any')).kind === kind || null);
      await waitUntil(kind, look, { timeoutMs: patienceMs });
    },
  };
};

const fixtureOf = (
  seen: Omit<FailureFixture, 'signal' | 'source' | 'expected'>,
  signal: string,
  source: string,
) => ({ signal, source, ...seen, expected: { observation: 'absent' } }) satisfies FailureFixture;

/** What the scenario expects, with all that the catalogue says of its reason. */
const expectedOf = (
  { expected }: Scenario,
  exitCode: number | null | undefined,
): FailureFixture['expected'] => {
  const { observation, waiting, decision } = expected;
  const reason = expected.decided ?? expected.reason;
  return {
    observation,
    ...(waiting === undefined ? {} : { waiting }),
    ...(reason === undefined
      ? {}
      : { category: failureReasons[reason].category, reason, hint: failureReasons[reason].hint }),
    ...(exitCode === undefined ? {} : { exitCode }),
    decision,
  };
};

const recordedOf = ({ unseen = false }: Scenario, stage: Stage): ReturnType<Stage['seen']> =>
  unseen ? { ...stage.seen(), pods: [], gone: [], events: [] } : stage.seen();

const watchUntilItFits = async (scenario: Scenario, stage: Stage): Promise<Observation> => {
  let last: Observation | null = null;
  const look = (): Promise<Observation | null> => {
    last = replay(fixtureOf(recordedOf(scenario, stage), '', ''));
    return Promise.resolve(fits(scenario, last) ? last : null);
  };
  return waitUntil(scenario.name, look, { timeoutMs: patienceMs }).catch((cause: unknown) => {
    const { pods } = stage.seen();
    throw new Error(`${scenario.name}: last seen ${JSON.stringify(last)} of ${JSON.stringify(pods)}`, {
      cause,
    });
  });
};

type Refusal = Extract<Awaited<ReturnType<ApiClient['json']>>, { status: number | null; reason: string }>;

const recordRefusal = (scenario: Scenario, answer: Refusal) => {
  const status = answer.status ?? 0;
  const { reason, message } = answer;
  const body = { kind: 'Status', status: 'Failure', reason, message, code: status };
  const outcome = replayAnswer({ status, body });
  if (outcome.kind !== scenario.expected.observation || scenario.expected.says?.test(message) === false)
    throw new Error(`${scenario.name}: ${JSON.stringify(outcome)}`);
  return { job: null, pods: [], gone: [], events: [], answer: { status, body } };
};

/** What becomes the first moment of 2026. */
const momentOf = ({ agedSeconds = 0 }: Scenario, createdAt: string): Date =>
  new Date(Date.parse(createdAt) + agedSeconds * 1_000);

/** Plays a scenario until the cluster shows what it is about; the fixture of it. Throws when it shows something else. */
export const play = async (scene: Scene, scenario: Scenario, index: number): Promise<FailureFixture> => {
  const launch = launchOf(scenario, index);
  const stage = stageOf(scene, launch);
  const rendered = renderJob(launch);
  await scenario.before?.(stage);
  const body = scenario.shape?.(rendered, stage) ?? rendered;
  const path = pathsOf(body.metadata?.namespace ?? scene.namespace).jobs;
  const beganAt = new Date();
  const asker = scenario.rightless ? scene.rightless : scene.api;
  const made = await asker.json<{ metadata: { creationTimestamp: string; name: string } }>({
    method: 'POST',
    path,
    body,
  });
  const surroundings = {
    namespace: scene.namespace,
    hidden: scene.hidden,
    ours: [launch.installation, launch.jobId, launch.attemptId],
  };
  const about = {
    signal: scenario.signal,
    source: scene.source,
    ...(scenario.intent === undefined ? {} : { intent: scenario.intent }),
  };
  if (made.kind !== 'ok') {
    const seen = recordRefusal(scenario, made);
    return normalise(
      { ...about, ...seen, expected: expectedOf(scenario, undefined) },
      { ...surroundings, beganAt },
    );
  }
  await scenario.meddle?.(stage);
  const judged = await watchUntilItFits(scenario, stage);
  const { job, pods, gone, events } = recordedOf(scenario, stage);
  const cleaned = {
    job: job === null ? null : trim(job as Record<string, unknown>),
    pods: pods.map((pod) => trim(pod as Record<string, unknown>)),
    gone,
    events: events.map((event) => trim(event as Record<string, unknown>)),
  };
  await scene.api.json({
    method: 'DELETE',
    path: `${path}/${made.body.metadata.name}?propagationPolicy=Background`,
  });
  const expected = expectedOf(scenario, judged.kind === 'ended' ? judged.exit.exitCode : undefined);
  return normalise(
    { ...about, ...cleaned, expected },
    { ...surroundings, beganAt: momentOf(scenario, made.body.metadata.creationTimestamp) },
  );
};
