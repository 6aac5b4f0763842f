import { OrchestratorError, type ImageRegistryRepository } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import {
  ensureProject,
  imagesAfter,
  imagesNamed,
  putImage,
  putPullSecrets,
  recordChange,
  switchImage,
} from '../sql/images.ts';
import { pageOf } from './cursors.ts';

/** The image registry on one database. */
export const createImages = (store: Store): ImageRegistryRepository => ({
  get: async (project, name) =>
    (await withRetries('repeatable', () => imagesNamed(store, project, [name])))[0] ?? null,
  getMany: (project, names) => withRetries('repeatable', () => imagesNamed(store, project, names)),
  list: (project, page) =>
    pageOf(
      page,
      (after, limit) =>
        withRetries('repeatable', () =>
          imagesAfter(store, project, [after?.[0] ?? '', after?.[1] ?? ''], limit),
        ),
      ({ project: of, name }) => [of, name],
      ['name', 'name'],
    ),
  put: (image, context) =>
    withRetries('repeatable', () =>
      store.transaction(async (sql) => {
        const { project, name } = image;
        await ensureProject(sql, project);
        await putPullSecrets(sql, image);
        const stored = await putImage(sql, image);
        await recordChange(sql, context, { kind: 'image_put', project, name, data: image });
        return stored;
      }),
    ),
  setActive: (project, name, active, context) =>
    withRetries('repeatable', () =>
      store.transaction(async (sql) => {
        const image = await switchImage(sql, project, name, active);
        if (image === null) {
          throw new OrchestratorError('image_not_found', `There is no image ${name} in project ${project}.`);
        }
        await recordChange(sql, context, { kind: 'image_set_active', project, name, data: { active } });
        return image;
      }),
    ),
});
