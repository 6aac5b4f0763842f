import {
  normalResources,
  type Image,
  type ImageSubmission,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf } from '../jobs/complete-spec.ts';

/** Registers an image or replaces its definition. The submission must have passed `validateImageSubmission`. */
export const putImage = (
  deps: OperationDeps,
  image: ImageSubmission,
  context: WriteContext,
): Promise<Image> =>
  deps.database.images.put(
    {
      project: projectOf(image),
      name: image.name,
      reference: image.reference,
      command: image.command ?? null,
      args: image.args ?? null,
      env: image.env ?? {},
      resources: image.resources === undefined ? null : normalResources(image.resources),
      labels: image.labels ?? {},
      runAsUser: image.runAsUser ?? null,
      pullSecrets: image.pullSecrets ?? [],
    },
    context,
  );

/** Enables or disables an image for new jobs; jobs submitted before run as they were. Throws `image_not_found`. */
export const setImageActive = (
  deps: OperationDeps,
  project: string,
  name: string,
  active: boolean,
  context: WriteContext,
): Promise<Image> => deps.database.images.setActive(project, name, active, context);
