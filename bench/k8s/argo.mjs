import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createNamespace, kubectl, watch } from './cluster.mjs';
import { spec } from './launches.mjs';

const version = '3.7.3';
const build = fileURLToPath(new URL('./argo/build', import.meta.url));

const objectsOf = (namespace) => {
  const rules = [
    { apiGroups: ['argoproj.io'], resources: ['workflowtaskresults'], verbs: ['create', 'patch'] },
  ];
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'argo' };
  const meta = { name: 'argo', namespace };
  const rbac = 'rbac.authorization.k8s.io/v1';
  const data = { config: 'executor: { imagePullPolicy: IfNotPresent }' };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...meta, name: 'workflow-controller-configmap' },
      data,
    },
    { apiVersion: rbac, kind: 'Role', metadata: meta, rules },
    { apiVersion: rbac, kind: 'RoleBinding', metadata: meta, roleRef, subjects },
  ];
};

/** The fan as a workflow of Argo's: the same image and program, and pods that are deleted when it ends, as ours are. */
const workflowOf = (width) => {
  const tasks = Array.from({ length: width }, (_, index) => ({ name: `fan-${index}`, template: 'true' }));
  const join = { name: 'join', template: 'true', dependencies: tasks.map(({ name }) => name) };
  const container = { image: spec.imageReference, command: spec.command, imagePullPolicy: 'IfNotPresent' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Workflow',
    metadata: { generateName: 'fan-' },
    spec: {
      entrypoint: 'fan',
      podGC: { strategy: 'OnWorkflowCompletion' },
      templates: [
        { name: 'fan', dag: { tasks: [...tasks, join] } },
        { name: 'true', container },
      ],
    },
  };
};

/**
 * Argo Workflows beside us on the same cluster, built from its Go module by `argo/build`. Its controller has the rates of
 * its manual for busy clusters (five times its defaults), and all its memory for itself.
 */
export const startArgo = async ({ kubeconfig, client, ask }) => {
  const definitions = execFileSync(build, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  kubectl(kubeconfig, 'apply', '--server-side', '-k', definitions);
  const { name: namespace, remove } = await createNamespace(kubeconfig);
  for (const object of objectsOf(namespace))
    execFileSync('kubectl', ['--kubeconfig', kubeconfig, 'create', '-f', '-'], {
      input: JSON.stringify(object),
    });
  const place = ['--kubeconfig', kubeconfig, '--namespaced', '--namespace', namespace];
  const rates = ['--qps', '100', '--burst', '200'];
  const controller = spawn(
    'workflow-controller',
    [...place, '--executor-image', 'localhost/argoexec:1', ...rates, '--loglevel', 'warn'],
    { env: { ...process.env, LEADER_ELECTION_DISABLE: 'true' }, stdio: 'ignore' },
  );
  // Whatever ends the benchmark, the controller ends with it.
  const kill = () => void controller.kill('SIGKILL');
  process.on('exit', kill);
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/workflows`;
  const failed = once(controller, 'exit').then(() =>
    Promise.reject(new Error('the workflow controller ended')),
  );
  failed.catch(() => undefined);

  /** Seconds from the creation of the workflow until it has succeeded. */
  const fan = async (width) => {
    let onEnd = () => undefined;
    const phases = new Map();
    const stop = await watch(client, path, ({ metadata, status }) => {
      phases.set(metadata.name, status?.phase);
      onEnd();
    });
    const before = performance.now();
    const { metadata } = await ask({ method: 'POST', path, body: workflowOf(width) });
    const ended = new Promise((resolve, reject) => {
      onEnd = () => {
        const phase = phases.get(metadata.name);
        if (phase === 'Succeeded') resolve();
        if (phase === 'Failed' || phase === 'Error') reject(new Error(`the workflow is ${phase}`));
      };
      onEnd();
    });
    await Promise.race([ended, failed]);
    stop();
    return (performance.now() - before) / 1000;
  };
  return {
    version,
    fan,
    stop: async () => {
      process.off('exit', kill);
      controller.kill('SIGTERM');
      await once(controller, 'exit');
      remove();
    },
  };
};
