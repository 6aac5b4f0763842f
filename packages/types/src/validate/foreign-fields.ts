// What people who know Kubernetes look for in a job, and where it stands here. None of it is a submitter's to set: Argo
// needed three CVEs for the one override that it let through, so a pod is built from our own fields only.
const ofProfile = 'an administrator defines it in a profile, which a job names with `profile`';
const ofRestricted =
  'every pod runs under Pod Security `restricted`; an administrator may give an image another user (`image add --run-as-user`)';
const ofVolumes = 'a job has /tmp, /output and /input, and nothing else is mounted';
const ofContainers = 'a job is one container; several are several jobs of a DAG';
const ofNetwork = 'pods have a network of their own and serve nothing';
const ofToken = 'no program is given a token of Kubernetes';
const ofSecrets =
  'a value of a Secret comes by `secretEnv: { VARIABLE: NAME }`, with a name that an administrator bound (`secret bind`)';
const ofRegistry = 'an administrator gives them to an image or a profile (`image add --pull-secret`)';
const ofQueues = '`topic` names the queue of jobs, `localQueue` a queue of Kueue';

const hints: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'securityContext',
      'podSecurityContext',
      'privileged',
      'capabilities',
      'allowPrivilegeEscalation',
      'readOnlyRootFilesystem',
      'runAsNonRoot',
      'runAsUser',
      'runAsGroup',
      'fsGroup',
      'supplementalGroups',
      'seccompProfile',
      'seLinuxOptions',
      'appArmorProfile',
      'sysctls',
      'procMount',
      'user',
    ].map((field) => [field, ofRestricted]),
  ),
  ...Object.fromEntries(
    [
      'volumes',
      'volumeMounts',
      'volumeDevices',
      'hostPath',
      'emptyDir',
      'persistentVolumeClaim',
      'subPath',
    ].map((field) => [field, ofVolumes]),
  ),
  ...Object.fromEntries(
    [
      'containers',
      'initContainers',
      'ephemeralContainers',
      'sidecars',
      'lifecycle',
      'hooks',
      'livenessProbe',
      'readinessProbe',
      'startupProbe',
    ].map((field) => [field, ofContainers]),
  ),
  ...Object.fromEntries(
    [
      'hostNetwork',
      'hostPID',
      'hostIPC',
      'hostUsers',
      'hostAliases',
      'hostname',
      'shareProcessNamespace',
      'ports',
      'hostPort',
      'dnsPolicy',
      'dnsConfig',
    ].map((field) => [field, ofNetwork]),
  ),
  ...Object.fromEntries(
    [
      'nodeSelector',
      'nodeName',
      'node',
      'affinity',
      'tolerations',
      'topologySpreadConstraints',
      'schedulerName',
      'priorityClass',
      'priorityClassName',
      'preemptionPolicy',
      'runtimeClass',
      'runtimeClassName',
      'serviceAccount',
      'serviceAccountName',
    ].map((field) => [field, ofProfile]),
  ),
  automountServiceAccountToken: ofToken,
  serviceAccountToken: ofToken,
  imagePullSecrets: ofRegistry,
  pullSecrets: ofRegistry,
  imagePullPolicy: 'Kubernetes pulls a tag `latest` each time and any other once',
  envFrom: ofSecrets,
  secrets: ofSecrets,
  secret: ofSecrets,
  valueFrom: ofSecrets,
  secretKeyRef: ofSecrets,
  namespace: 'all jobs of an installation run in its namespace (K8S_NAMESPACE)',
  suspend: 'Kueue suspends the jobs of a `localQueue` by itself',
  podTemplate: 'a pod is built from our own fields only; nothing is merged into it',
  podSpecPatch: 'a pod is built from our own fields only; nothing is merged into it',
  template: 'a pod is built from our own fields only; nothing is merged into it',
};

/** What only means something under `requests` and `limits`. */
const isQuantityName = (field: string): boolean =>
  ['cpu', 'memory', 'ephemeral-storage', 'gpu', 'gpus'].includes(field) ||
  /^[a-z0-9][-a-z0-9.]*\//.test(field);

/**
 * What to say of a field that a job does not have and Kubernetes does; null: nothing in particular. `known`: the fields
 * that the map may have.
 */
export const foreignFieldMessage = (field: string, known: readonly string[]): string | null => {
  if (known.includes('requests') && isQuantityName(field))
    return `is not a field of its own: write resources: { limits: { ${field}: … } }`;
  if (!known.includes('image')) return null;
  if (/^(shm|shmSize|shm_size|devShm)$/.test(field))
    return 'is not a known field; the size of /dev/shm is resources.sharedMemory';
  if (field === 'queue') return `is not a known field; ${ofQueues}`;
  return Object.hasOwn(hints, field) ? `is not yours to set: ${hints[field]!}` : null;
};
