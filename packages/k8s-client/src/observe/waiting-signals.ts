import type { FailureReason, WaitingReason } from '@job-orchestrator/types';

/** What a waiting container or a Job without pod is waiting for. The first rule that fits decides. */
export interface WaitingRule {
  readonly reason: RegExp;
  readonly message?: RegExp;
  readonly waiting: WaitingReason;
  /** Present: it will not mend itself, and after `graceMs` of it the attempt is refused. */
  readonly refuse?: { readonly as: FailureReason; readonly graceMs: number };
}

const transientPull =
  /429|too ?many ?requests|pull QPS exceeded|timeout|timed out|deadline exceeded|connection refused|connection reset|no such host|TLS handshake|unexpected EOF|server misbehaving|\b50[0234]\b/i;
const denied = /denied|unauthorized|authentication required|authorization failed|\b40[13]\b|forbidden/i;
const otherPlatform = /no match for platform|no matching manifest|exec format/i;
const absent = /not found|manifest unknown|does not exist|no such/i;

// A registry that hiccups answers within minutes; a wrong reference stays wrong, but tags also appear while CI pushes.
const pullGraceMs = 120_000;
// Longer than the kubelet's longest back-off (300 s), so that another try may have said why.
const doubtfulPullGraceMs = 420_000;
// As long as Armada waits: another node may reach the registry, and the backoff relieves it.
const registryGraceMs = 900_000;
const configGraceMs = 60_000;
const nodeGraceMs = 600_000;

const pulling = /^(ErrImagePull|ImagePullBackOff|RegistryUnavailable|ImageInspectError)$/;
const imageRule = (message: RegExp, as: FailureReason, graceMs: number): WaitingRule => ({
  reason: pulling,
  message,
  waiting: 'image_problem',
  refuse: { as, graceMs },
});
const configRule = (reason: RegExp, as: FailureReason, graceMs: number, message?: RegExp): WaitingRule => ({
  reason,
  ...(message === undefined ? {} : { message }),
  waiting: 'configuration_problem',
  refuse: { as, graceMs },
});

/** `containerStatuses[].state.waiting` of a container. */
export const containerRules: readonly WaitingRule[] = [
  {
    reason: /^InvalidImageName$/,
    waiting: 'image_problem',
    refuse: { as: 'invalid_image_name', graceMs: 0 },
  },
  { reason: /^ErrImageNeverPull$/, waiting: 'image_problem', refuse: { as: 'image_not_found', graceMs: 0 } },
  imageRule(otherPlatform, 'image_platform', pullGraceMs),
  imageRule(transientPull, 'registry_unavailable', registryGraceMs),
  imageRule(denied, 'image_pull_denied', pullGraceMs),
  imageRule(absent, 'image_not_found', pullGraceMs),
  imageRule(/^/, 'image_not_found', doubtfulPullGraceMs),
  {
    reason: /^SignatureValidationFailed$/,
    waiting: 'image_problem',
    refuse: { as: 'image_pull_denied', graceMs: doubtfulPullGraceMs },
  },
  configRule(/^CreateContainerConfigError$/, 'node_trouble', nodeGraceMs, /subPath/),
  configRule(
    /^CreateContainerConfigError$/,
    'reference_missing',
    configGraceMs,
    /(secret|configmap|key) .*not found|couldn't find key/i,
  ),
  configRule(/^CreateContainerConfigError$/, 'container_config', configGraceMs),
  configRule(/^CreateContainerError$/, 'node_trouble', nodeGraceMs, /deadline exceeded|name .* is reserved/),
  configRule(/^(CreateContainerError|PreCreateHookError)$/, 'container_config', configGraceMs),
  configRule(/^(RunContainerError|StartError)$/, 'command_not_found', 30_000),
];

/** Events of a Job that has no pod. Kubernetes shows quota and admission nowhere else. */
export const eventRules: readonly WaitingRule[] = [
  { reason: /^FailedCreate$/, message: /exceeded quota/, waiting: 'quota' },
  // A policy denies in its own words ("no job without a timeout"): they are not the server's.
  configRule(
    /^FailedCreate$/,
    'launch_refused',
    configGraceMs,
    /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/,
  ),
  {
    reason: /^FailedCreate$/,
    message: /failed calling webhook|timeout|Internal error/,
    waiting: 'launching',
  },
  configRule(
    /^FailedCreate$/,
    'launch_refused',
    configGraceMs,
    /violates PodSecurity|is forbidden|is invalid/,
  ),
  { reason: /^FailedCreate$/, waiting: 'launching' },
];

/** Events of a pod whose container is not made yet, and no status says why. */
export const podEventRules: readonly WaitingRule[] = [
  configRule(
    /^FailedMount$/,
    'reference_missing',
    configGraceMs,
    /(secret|configmap) .*not found|references non-existent/i,
  ),
  {
    reason:
      /^(FailedMount|FailedAttachVolume|FailedMapVolume|FailedCreatePodSandBox|FailedPodSandBoxStatus)$/,
    waiting: 'preparing',
    refuse: { as: 'node_trouble', graceMs: nodeGraceMs },
  },
];

export const findRule = (
  rules: readonly WaitingRule[],
  reason: string,
  message: string,
): WaitingRule | undefined =>
  rules.find((rule) => rule.reason.test(reason) && (rule.message?.test(message) ?? true));
