import {
  chooseProfile,
  didYouMean,
  refusal,
  type JobSubmission,
  type Problem,
  type Profile,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf } from './complete-spec.ts';

type Submitted = Pick<JobSubmission, 'project' | 'profile' | 'topic'>;

/** The profile that each submission comes under; null: none. */
export type ProfileOf = (submission: Submitted) => Profile | null;

const unknownProfile = (name: string, profiles: readonly Profile[]): string => {
  if (profiles.length === 0) return 'is not a profile: none is defined';
  const names = profiles.map((profile) => profile.name);
  const near = didYouMean(name, names);
  const known = `is not a profile; there are ${names.join(', ')}`;
  return near === null ? known : `${known}; did you mean ${near}?`;
};

/**
 * Finds the profiles of submissions as they are now, by one read per project. `fieldOf`: where a submission stands, for
 * problems. Throws `profile_not_found` with what was meant and what there is.
 */
export const resolveProfiles = async (
  deps: OperationDeps,
  submissions: readonly Submitted[],
  fieldOf: (index: number) => string,
): Promise<ProfileOf> => {
  const ofProject = new Map<string, readonly Profile[]>();
  for (const project of new Set(submissions.map(projectOf)))
    ofProject.set(project, await deps.database.profiles.list(project));
  const profilesOf = (submission: Submitted): readonly Profile[] =>
    ofProject.get(projectOf(submission)) ?? [];
  const problems = submissions.flatMap((submission, index): Problem[] => {
    const { profile: name } = submission;
    const profiles = profilesOf(submission);
    return name === undefined || chooseProfile(profiles, submission) !== undefined
      ? []
      : [{ field: fieldOf(index), message: unknownProfile(name, profiles), value: name }];
  });
  if (problems.length > 0) throw refusal('profile_not_found', problems);
  return (submission) => chooseProfile(profilesOf(submission), submission) ?? null;
};
