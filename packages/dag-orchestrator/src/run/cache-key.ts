import { createHash } from 'node:crypto';
import { imageDigestOf, type JobNode, type JobSpec, type JsonValue } from '@job-orchestrator/types';
import { canonicalJson } from '../compile/canonical-json.ts';

/** Rises when the same key would mean something else. */
const format = 1;

/**
 * What a job does, as sha-256 (hex): all that may change its result, and nothing that does not. The names of its
 * secrets are part of it, their values are not known to us. null for an image that is not pinned by its digest: what
 * it will be, nobody knows.
 */
export const cacheKeyOf = (
  { project, spec }: { readonly project: string; readonly spec: JobSpec },
  outputs: JobNode['outputs'],
): string | null => {
  const image = imageDigestOf(spec.imageReference);
  if (image === null) return null;
  const { command, args, env, secretEnv = {}, inputs, runAsUser } = spec;
  const what = { format, project, image, command, args, env, secretEnv, inputs, runAsUser, outputs };
  return createHash('sha256')
    .update(canonicalJson(what as unknown as JsonValue))
    .digest('hex');
};
