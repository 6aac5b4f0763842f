import {
  errorCatalogue,
  failure,
  localQueueLabel,
  objectName,
  stopGraceSeconds,
  type AttemptLaunch,
  type Failure,
  type JobSpec,
  type SecretReference,
} from '@job-orchestrator/types';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Affinity, Container, EnvVar, PodSpec, Volume } from 'kubernetes-types/core/v1.js';
import {
  outputFile,
  renderCollector,
  renderTokenVolume,
  type CollectorSettings,
} from './collector/container.ts';
import { annotations, attemptLabels, labels } from './labels.ts';
import { placed, queueLabel } from './placement.ts';
import { outputVolumeLimit, sharedMemory, tmpLimit } from './storage.ts';

/** The container that runs the user's program. */
export const mainContainer = 'main';
export const inputPath = '/input/inputs.json';

/**
 * The largest Job that we send. etcd refuses requests above 1.5 MiB, and the server adds `managedFields` with one entry
 * per field; a spec is at most 256 KiB, so this is met only by what JSON's escapes blow up.
 */
export const renderedLimitBytes = 1_048_576;

// Finished Jobs are deleted once recorded. This only cleans up behind an installation that is gone for a week.
const ttlSeconds = 604_800;
const marginSeconds = 60;
const nobody = 65_532;

/**
 * Keeps Kubernetes from expanding `$(NAME)` in commands and values. It also turns any `$$` into `$`, so a `$` before
 * either is doubled; all other text stays as it is.
 */
export const escapeExpansion = (text: string): string => text.replaceAll(/\$(?=[$(])/g, '$$$$');

/** Read by the kubelet, which gives it to this container and to no other; we have no right to. */
const fromSecret = (name: string, { secret, key }: SecretReference): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

const environment = (launch: AttemptLaunch): EnvVar[] => {
  const ours: Record<string, string> = {
    HOME: '/tmp',
    ...launch.spec.env,
    JOB_ORCHESTRATOR_JOB_ID: launch.jobId,
    JOB_ORCHESTRATOR_ATTEMPT: String(launch.attemptNumber),
    JOB_ORCHESTRATOR_ATTEMPT_ID: launch.attemptId,
    ...(launch.spec.inputs === null ? {} : { JOB_ORCHESTRATOR_INPUT: inputPath }),
    ...(launch.spec.output ? { JOB_ORCHESTRATOR_OUTPUT: outputFile } : {}),
  };
  const secrets = Object.entries(launch.secretEnv ?? {}).map(([name, secretKeyRef]) =>
    fromSecret(name, secretKeyRef),
  );
  return [
    ...Object.entries(ours).map(([name, value]) => ({ name, value: escapeExpansion(value) })),
    ...secrets,
  ];
};

const escaped = (items: readonly string[]): string[] => items.map(escapeExpansion);

const container = (launch: AttemptLaunch): Container => {
  const { spec } = launch;
  return {
    name: mainContainer,
    image: spec.imageReference,
    ...(spec.command === null ? {} : { command: escaped(spec.command) }),
    ...(spec.args === null ? {} : { args: escaped(spec.args) }),
    env: environment(launch),
    ...(spec.resources === null
      ? {}
      : {
          resources: {
            ...(spec.resources.requests === undefined ? {} : { requests: { ...spec.resources.requests } }),
            ...(spec.resources.limits === undefined ? {} : { limits: { ...spec.resources.limits } }),
          },
        }),
    // The end of a failed program's log then stays readable in the pod's status when the log itself is gone.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'output', mountPath: '/output' },
      ...(spec.resources?.sharedMemory === undefined ? [] : [{ name: 'shm', mountPath: '/dev/shm' }]),
      ...(spec.inputs === null ? [] : [{ name: 'input', mountPath: '/input', readOnly: true }]),
    ],
  };
};

const volumes = (spec: JobSpec): Volume[] => [
  { name: 'tmp', emptyDir: { sizeLimit: tmpLimit(spec) } },
  { name: 'output', emptyDir: { sizeLimit: outputVolumeLimit } },
  ...sharedMemory(spec),
  ...(spec.inputs === null
    ? []
    : [
        {
          name: 'input',
          downwardAPI: {
            items: [
              {
                path: 'inputs.json',
                fieldRef: { fieldPath: `metadata.annotations['${annotations.inputs}']` },
              },
            ],
          },
        },
      ]),
];

/**
 * The kubelet's clock begins before the image is pulled, so the time to start is added: `runSeconds` is the executor's to
 * keep, by the moment the program began, and this ends what no executor watches any more. The pod and its log survive it.
 */
const podDeadlineSeconds = (spec: JobSpec): number =>
  spec.deadlines.runSeconds + spec.deadlines.startSeconds + marginSeconds;

/** The Job's clock begins at its creation, and its end takes pod and log along: only for a pod that no kubelet ends. */
const jobDeadlineSeconds = (spec: JobSpec): number =>
  podDeadlineSeconds(spec) + spec.deadlines.startSeconds + 10 * marginSeconds;

/** Preferred only: where there is no other node, the same one is better than none. */
const avoidingNode = (node: string): Affinity => ({
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: { matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: [node] }] },
      },
    ],
  },
});

const podSpec = (launch: AttemptLaunch, collector: CollectorSettings | null): PodSpec => ({
  restartPolicy: 'Never',
  ...(launch.avoidNode === null ? {} : { affinity: avoidingNode(launch.avoidNode) }),
  ...placed(launch),
  activeDeadlineSeconds: podDeadlineSeconds(launch.spec),
  terminationGracePeriodSeconds: stopGraceSeconds,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: launch.spec.runAsUser ?? nobody,
    runAsGroup: nobody,
    fsGroup: nobody,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  ...(collector === null ? {} : { initContainers: [renderCollector(launch, collector)] }),
  containers: [container(launch)],
  volumes: [...volumes(launch.spec), ...(collector === null ? [] : [renderTokenVolume(launch)])],
});

/**
 * The Kubernetes Job of one attempt, built from our own fields only. `collector` is used by jobs that declare an output,
 * and null where there is none. `imagePullPolicy` is left to Kubernetes: `Always` for
 * the tag `latest`, else `IfNotPresent`.
 */
export const renderJob = (launch: AttemptLaunch, collector: CollectorSettings | null = null): Job => {
  const { spec } = launch;
  const { [localQueueLabel]: _, ...own } = spec.labels;
  const allLabels = { ...own, ...attemptLabels(launch), [labels.topic]: launch.topic };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: objectName(launch.installation, launch.jobId, launch.attemptNumber),
      labels: { ...allLabels, ...queueLabel(launch) },
    },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'Failed',
      activeDeadlineSeconds: jobDeadlineSeconds(spec),
      ttlSecondsAfterFinished: ttlSeconds,
      template: {
        metadata: {
          labels: allLabels,
          ...(spec.inputs === null
            ? {}
            : { annotations: { [annotations.inputs]: JSON.stringify(spec.inputs) } }),
        },
        spec: podSpec(launch, spec.output ? collector : null),
      },
    },
  };
};

/** Why an attempt cannot be launched here at all, before anything is sent; null when it can. */
export const refuseLaunch = (
  launch: AttemptLaunch,
  rendered: Job,
  collector: CollectorSettings | null = null,
): Failure | null => {
  if (launch.spec.output && collector === null) {
    const { title, hint } = errorCatalogue.output_not_supported;
    return failure('launch_refused', `${title} ${hint}`, { code: 'output_not_supported' });
  }
  const bytes = Buffer.byteLength(JSON.stringify(rendered));
  if (bytes <= renderedLimitBytes) return null;
  const sentence = `The Kubernetes Job of this attempt has ${bytes} bytes; the limit is ${renderedLimitBytes}.`;
  return failure('launch_refused', sentence, { bytes, limit: renderedLimitBytes });
};
