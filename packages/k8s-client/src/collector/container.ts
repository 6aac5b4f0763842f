import {
  collectorTokenFile,
  limits,
  outputAudience,
  stopGraceSeconds,
  type AttemptLaunch,
} from '@job-orchestrator/types';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import type { Container, EnvVar, Volume } from 'kubernetes-types/core/v1.js';
import { dirname } from 'node:path';

/** The sidecar that takes the output out of the pod. */
export const collectorContainer = 'output-collector';
/** Where the program writes its output. */
export const outputFile = '/output/result.json';

/** What an administrator sets of the collector. */
export interface CollectorSettings {
  readonly image: string;
  /** Where it delivers outputs; null: nowhere, the executor takes them from its receipt and its log. */
  readonly serviceUrl: string | null;
  /** How much of an output is taken. */
  readonly limits?: OutputLimits;
}

const limitsOf = ({ limits: given }: CollectorSettings): OutputLimits =>
  given ?? { bytes: limits.outputBytes, files: limits.outputFiles };

const tokenVolume = 'collector-token';
// Kubernetes gives none shorter; the kubelet renews it as long as the pod lives.
const tokenSeconds = 600;
// The grace is all that a sidecar has once the program has ended; two seconds of it are for its log and its receipt.
const deliverySeconds = stopGraceSeconds - 2;

const environment = (launch: AttemptLaunch, settings: CollectorSettings): EnvVar[] =>
  Object.entries({
    JOB_ID: launch.jobId,
    ATTEMPT: String(launch.attemptNumber),
    ...(settings.serviceUrl === null ? {} : { API_URL: settings.serviceUrl }),
    OUTPUT_FILE: outputFile,
    MAX_WAIT_SECONDS: String(deliverySeconds),
    OUTPUT_LIMIT_BYTES: String(limitsOf(settings).bytes),
    OUTPUT_LIMIT_FILES: String(limitsOf(settings).files),
  }).map(([name, value]) => ({ name, value }));

/**
 * A native sidecar: an init container that starts before the program, runs beside it, and gets SIGTERM exactly when the
 * program has ended. Measured at 42 MB; its limit leaves room for an output and its base64.
 */
export const renderCollector = (launch: AttemptLaunch, settings: CollectorSettings): Container => ({
  name: collectorContainer,
  image: settings.image,
  restartPolicy: 'Always',
  env: environment(launch, settings),
  resources: { requests: { cpu: '5m', memory: '48Mi' }, limits: { memory: '128Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'output', mountPath: dirname(outputFile), readOnly: true },
    { name: tokenVolume, mountPath: dirname(collectorTokenFile), readOnly: true },
  ],
});

/** The pod's own token, good for this attempt's output and nothing else; no secret stands in any spec. */
export const renderTokenVolume = ({ installation, jobId, attemptNumber }: AttemptLaunch): Volume => ({
  name: tokenVolume,
  projected: {
    sources: [
      {
        serviceAccountToken: {
          path: 'token',
          audience: outputAudience(installation, jobId, attemptNumber),
          expirationSeconds: tokenSeconds,
        },
      },
    ],
  },
});
