import {
  invalidInput,
  limits,
  OrchestratorError,
  type NewProfile,
  type Profile,
  type ProfileRepository,
  type WriteContext,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { ensureProject, recordChange } from '../sql/images.ts';
import * as table from '../sql/profiles.ts';

const refuseTooMany = async (sql: Sql, project: string): Promise<void> => {
  const limit = limits.profilesPerProject;
  if ((await table.countProfiles(sql, project)) <= limit) return;
  throw invalidInput([
    { field: 'name', message: `would be one more than ${limit} profiles of a project`, limit },
  ]);
};

/** Two defaults of one topic would leave it to chance which one a job gets. */
const takeTopics = async (sql: Sql, { project, name, defaultForTopics }: NewProfile): Promise<void> => {
  await table.dropProfileTopics(sql, project, name);
  const taken = new Set(await table.takeTopics(sql, project, name, [...new Set(defaultForTopics)]));
  const lost = defaultForTopics.findIndex((topic) => !taken.has(topic));
  if (lost < 0) return;
  const topic = defaultForTopics[lost]!;
  const other = await table.profileOfTopic(sql, project, topic);
  const message = `is a topic that has the default profile ${other} already`;
  throw invalidInput([{ field: `defaultForTopics[${lost}]`, message, value: topic }]);
};

const put = (store: Store, profile: NewProfile, context: WriteContext): Promise<Profile> =>
  store.transaction(async (sql) => {
    const { project, name } = profile;
    await ensureProject(sql, project);
    const stored = await table.putProfile(sql, profile);
    await refuseTooMany(sql, project);
    await takeTopics(sql, profile);
    await recordChange(sql, context, { kind: 'profile_put', project, name, data: profile });
    return stored;
  });

const remove = (store: Store, project: string, name: string, context: WriteContext): Promise<void> =>
  store.transaction(async (sql) => {
    if (!(await table.deleteProfile(sql, project, name)))
      throw new OrchestratorError('profile_not_found', `There is no profile ${name} in project ${project}.`);
    await recordChange(sql, context, { kind: 'profile_removed', project, name, data: {} });
  });

/** The profiles on one database. */
export const createProfiles = (store: Store): ProfileRepository => ({
  list: (project) => withRetries('repeatable', () => table.readProfiles(store, project, null)),
  get: async (project, name) =>
    (await withRetries('repeatable', () => table.readProfiles(store, project, name)))[0] ?? null,
  put: (profile, context) => withRetries('repeatable', () => put(store, profile, context)),
  countLiveJobs: (project, name, most) =>
    withRetries('repeatable', () => table.countNaming(store, project, name, most)),
  remove: (project, name, context) => withRetries('once', () => remove(store, project, name, context)),
});
