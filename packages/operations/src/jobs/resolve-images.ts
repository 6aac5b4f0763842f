import {
  OrchestratorError,
  type Image,
  type JobSubmission,
  type NewImage,
  type Problem,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf } from './complete-spec.ts';

/** What names an image of a project. */
type NamesImage = Pick<JobSubmission, 'image' | 'project'>;

/** The images that submissions name, by project and name, and the names registered on the way. */
export interface ResolvedImages {
  readonly imageOf: (submission: NamesImage) => Image;
  readonly registered: readonly string[];
}

const keyOf = (project: string, name: string): string => `${project}/${name}`;

const namesByProject = (submissions: readonly NamesImage[]): Map<string, Set<string>> => {
  const byProject = new Map<string, Set<string>>();
  for (const submission of submissions) {
    const project = projectOf(submission);
    byProject.set(project, (byProject.get(project) ?? new Set()).add(submission.image));
  }
  return byProject;
};

/** The image that a name stands for which nobody registered. */
export const unknownImage = (project: string, name: string): NewImage => ({
  project,
  name,
  reference: name,
  command: null,
  args: null,
  env: {},
  resources: null,
  labels: {},
  runAsUser: null,
});

const registerUnknown = (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<Image> =>
  deps.database.images.put(unknownImage(project, name), {
    ...context,
    reason: 'registered at its first use',
  });

/** What is wrong with an image that is disabled, or that nobody registered. */
export const imageRefusal = (field: string, value: string, image: Image | undefined): Problem => ({
  field,
  message: image === undefined ? 'is not registered' : 'is disabled',
  value,
});

const problemsOf = (submissions: readonly NamesImage[], images: Map<string, Image>): Problem[] =>
  submissions.flatMap((submission, index) => {
    const image = images.get(keyOf(projectOf(submission), submission.image));
    const field = submissions.length === 1 ? 'image' : `jobs[${index}].image`;
    return image?.active === true ? [] : [imageRefusal(field, submission.image, image)];
  });

const refuseUnusable = (submissions: readonly NamesImage[], images: Map<string, Image>): void => {
  const problems = problemsOf(submissions, images);
  const first = problems[0];
  if (first === undefined) return;
  const disabled = first.message === 'is disabled';
  // `image add` would replace its definition: command, environment and all.
  const command = disabled ? `image enable ${first.value}` : `image add ${first.value} REFERENCE`;
  throw new OrchestratorError(
    disabled ? 'image_disabled' : 'image_not_found',
    `The image ${first.value} ${first.message}; run: job-orchestrator ${command}`,
    problems,
  );
};

/** Looks up every image that is named; throws `image_not_found` or `image_disabled` with the command that mends it. */
export const resolveImages = async (
  deps: OperationDeps,
  submissions: readonly NamesImage[],
  context: WriteContext,
): Promise<ResolvedImages> => {
  const images = new Map<string, Image>();
  const registered: string[] = [];
  for (const [project, names] of namesByProject(submissions)) {
    for (const image of await deps.database.images.getMany(project, [...names])) {
      images.set(keyOf(project, image.name), image);
    }
    for (const name of deps.autoRegisterImages ? names : []) {
      if (images.has(keyOf(project, name))) continue;
      images.set(keyOf(project, name), await registerUnknown(deps, project, name, context));
      registered.push(name);
    }
  }
  refuseUnusable(submissions, images);
  return { imageOf: (submission) => images.get(keyOf(projectOf(submission), submission.image))!, registered };
};
