import {
  invalidInput,
  profileProblems,
  type DagGraph,
  type Image,
  type JobSubmission,
  type Profile,
  type ProfileRules,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { checkSecrets } from '../jobs/check-secrets.ts';
import { completeSpec } from '../jobs/complete-spec.ts';
import { resolveProfiles } from '../jobs/resolve-profiles.ts';

const rulesOf = ({ name, defaultForTopics, resources, maximum }: Profile): ProfileRules => ({
  name,
  defaultForTopics,
  resources,
  maximum,
});

interface NodeJob {
  readonly path: readonly string[];
  readonly job: JobSubmission;
}

const jobsOf = (project: string, { nodes }: DagGraph): readonly NodeJob[] =>
  nodes.flatMap((node): NodeJob[] =>
    node.kind === 'job'
      ? [
          {
            path: [node.final ? 'finally' : 'nodes', node.name],
            job: { ...(node.job as JobSubmission), project },
          },
        ]
      : [],
  );

/**
 * The rules of the profiles that the jobs of a run will come under, checked before anything of it runs: that they exist,
 * that no node asks for more, that its secrets are bound for it. Throws `profile_not_found`, `secret_not_bound`,
 * `secret_not_allowed`, `invalid_input`.
 */
export const profilesOf = async (
  deps: OperationDeps,
  project: string,
  graphs: readonly DagGraph[],
  images: Readonly<Record<string, Image>>,
): Promise<readonly ProfileRules[]> => {
  const nodes = graphs.flatMap((graph) => jobsOf(project, graph));
  const jobs = nodes.map(({ job }) => job);
  const profileOf = await resolveProfiles(deps, jobs, (index) =>
    [...nodes[index]!.path, 'profile'].join('.'),
  );
  await checkSecrets(deps, jobs, (index) => nodes[index]!.path);
  const problems = nodes.flatMap(({ path, job }) => {
    const profile = profileOf(job);
    return profile === null
      ? []
      : profileProblems(completeSpec(job, images[job.image]!, profile), profile, path);
  });
  if (problems.length > 0) throw invalidInput(problems);
  return [...new Set(jobs.map(profileOf))].flatMap((profile) => (profile === null ? [] : [rulesOf(profile)]));
};
