import {
  invalidInput,
  limits,
  OrchestratorError,
  type NewSecretBinding,
  type SecretBinding,
  type SecretBindingRepository,
  type WriteContext,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import { ensureProject, recordChange } from '../sql/images.ts';
import * as table from '../sql/secret-bindings.ts';

const bind = (store: Store, binding: NewSecretBinding, context: WriteContext): Promise<SecretBinding> =>
  store.transaction(async (sql) => {
    const { project, name } = binding;
    const limit = limits.secretBindingsPerProject;
    await ensureProject(sql, project);
    const stored = await table.putBinding(sql, binding);
    if ((await table.countBindings(sql, project)) > limit)
      throw invalidInput([
        { field: 'name', message: `would be one more than ${limit} secrets of a project`, limit },
      ]);
    await recordChange(sql, context, { kind: 'secret_bound', project, name, data: binding });
    return stored;
  });

const unbind = (store: Store, project: string, name: string, context: WriteContext): Promise<void> =>
  store.transaction(async (sql) => {
    if (!(await table.deleteBinding(sql, project, name)))
      throw new OrchestratorError('secret_not_bound', `No secret is bound to ${name} in project ${project}.`);
    await recordChange(sql, context, { kind: 'secret_unbound', project, name, data: {} });
  });

/** The names of secrets on one database. */
export const createSecretBindings = (store: Store): SecretBindingRepository => ({
  list: (project) => withRetries('repeatable', () => table.readBindings(store, project)),
  getMany: (project, names) => withRetries('repeatable', () => table.bindingsNamed(store, project, names)),
  bind: (binding, context) => withRetries('repeatable', () => bind(store, binding, context)),
  unbind: (project, name, context) => withRetries('once', () => unbind(store, project, name, context)),
});
