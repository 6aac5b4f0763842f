import type { Image, NewImage, Resources, WriteContext } from '@job-orchestrator/types';
import { jsonText, textArray } from '../connection/literals.ts';
import { onlyRow, type Parameter, type Sql } from '../connection/sql.ts';

type ImageRow = Image & Record<string, unknown> & { readonly resources: Resources | null };

// A subselect, so that what is returned of a write has the same columns.
const pullSecrets = `coalesce((select s.secrets from image_pull_secrets s
  where s.project = images.project and s.name = images.name), '[]'::json)`;

const columns = `project, name, reference, command, args, env, resources, labels, run_as_user as "runAsUser", ${pullSecrets} as "pullSecrets", active,
  created_at as "createdAt", updated_at as "updatedAt"`;

const select = async (sql: Sql, rest: string, parameters: readonly Parameter[]): Promise<readonly Image[]> =>
  sql.run<ImageRow>({ text: `select ${columns} from images ${rest}` }, parameters);

/** The images of a project with these names, in order of name. */
export const imagesNamed = (sql: Sql, project: string, names: readonly string[]): Promise<readonly Image[]> =>
  select(sql, 'where project = $1 and name = any($2::text[]) order by name', [project, textArray(names)]);

/** Images behind (project, name), in that order. */
export const imagesAfter = (
  sql: Sql,
  project: string | null,
  after: readonly [string, string],
  limit: number,
): Promise<readonly Image[]> =>
  select(
    sql,
    `where ($1::text is null or project = $1) and (project, name) > ($2::text, $3::text) order by project, name limit $4`,
    [project, ...after, limit],
  );

const changeText = `
insert into changes (actor, reason, kind, project, name, data) values ($1, $2, $3, $4, $5, $6::json)`;

/** Writes down who changed what, and why. */
export const recordChange = async (
  sql: Sql,
  { actor, reason }: WriteContext,
  change: { readonly kind: string; readonly project: string; readonly name: string; readonly data: object },
): Promise<void> => {
  await sql.run({ text: changeText }, [
    actor,
    reason,
    change.kind,
    change.project,
    change.name,
    JSON.stringify(change.data),
  ]);
};

/** Makes a project that is not there yet. */
export const ensureProject = async (sql: Sql, project: string): Promise<void> => {
  await sql.run({ text: 'insert into projects (name) values ($1) on conflict do nothing' }, [project]);
};

/** Says with which Secrets an image is pulled. Before `putImage`, which returns what stands here. */
export const putPullSecrets = async (
  sql: Sql,
  { project, name, pullSecrets: secrets = [] }: NewImage,
): Promise<void> => {
  const text = `
insert into image_pull_secrets (project, name, secrets) select $1, $2, $3::json
where $4 or exists (select 1 from image_pull_secrets where project = $1 and name = $2)
on conflict (project, name) do update set secrets = excluded.secrets`;
  await sql.run({ text }, [project, name, JSON.stringify(secrets), secrets.length > 0]);
};

/** Stores an image or replaces it; active afterwards. */
export const putImage = async (sql: Sql, image: NewImage): Promise<Image> =>
  onlyRow(
    await sql.run<ImageRow>(
      {
        text: `
insert into images (project, name, reference, command, args, env, resources, labels, run_as_user)
values ($1, $2, $3, $4::json, $5::json, $6::json, $7::json, $8::json, $9)
on conflict (project, name) do update set reference = excluded.reference, command = excluded.command,
  args = excluded.args, env = excluded.env, resources = excluded.resources, labels = excluded.labels,
  run_as_user = excluded.run_as_user, active = true, updated_at = clock_timestamp()
returning ${columns}`,
      },
      [
        image.project,
        image.name,
        image.reference,
        jsonText(image.command),
        jsonText(image.args),
        JSON.stringify(image.env),
        jsonText(image.resources),
        JSON.stringify(image.labels),
        image.runAsUser,
      ],
    ),
  );

/** Switches an image on or off; null when there is none. */
export const switchImage = async (
  sql: Sql,
  project: string,
  name: string,
  active: boolean,
): Promise<Image | null> => {
  const [row] = await sql.run<ImageRow>(
    {
      text: `update images set active = $3, updated_at = clock_timestamp() where project = $1 and name = $2
             returning ${columns}`,
    },
    [project, name, active],
  );
  return row ?? null;
};
