import type { WriteContext } from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';

/** Notes who changed something that has a name, when and why. */
export const noteChange = async (
  sql: Sql,
  kind: string,
  project: string,
  name: string,
  { actor, reason }: WriteContext,
): Promise<void> => {
  const text =
    'insert into changes (actor, reason, kind, project, name, data) values ($1, $2, $3, $4, $5, $6::json)';
  await sql.run({ text }, [actor, reason, kind, project, name, '{}']);
};
