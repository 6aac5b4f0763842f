import type { AttemptDto, JobDetail } from '@job-orchestrator/types';

/** Of a runtime on Kubernetes, which calls itself `UID/NAMESPACE`; null: of no other. */
const namespaceIn = (runtimeKey: string): string | null =>
  /^[0-9a-f-]{36}\/([^/]+)$/.exec(runtimeKey)?.[1] ?? null;

const whereItRan = ({ object, node, runtimeKey }: AttemptDto): string | null => {
  const onNode = node === null ? '' : ` on ${node}`;
  const namespace = namespaceIn(runtimeKey);
  if (namespace !== null)
    return `${object === null ? 'a Job' : `Job ${object.name}`} in namespace ${namespace}${onNode}`;
  return node === null ? null : `a process${onNode}`;
};

/**
 * A label and by what names to find the newest attempt in its runtime: its object and its node, as far as they are known;
 * null: neither is.
 */
export const ranAs = ({ attempts }: Pick<JobDetail, 'attempts'>): readonly [string, string | null] => {
  const attempt = attempts.at(-1);
  if (attempt === undefined) return ['Runs as', null];
  return [attempt.closedAt === null ? 'Runs as' : 'Ran as', whereItRan(attempt)];
};
