import type { NewProfile, Profile } from '@job-orchestrator/types';
import { textArray } from '../connection/literals.ts';
import { onlyRow, type Sql } from '../connection/sql.ts';

interface ProfileRow extends Record<string, unknown> {
  readonly project: string;
  readonly name: string;
  readonly definition: Omit<Profile, 'project' | 'name' | 'createdAt' | 'updatedAt'>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const columns = `project, name, definition, created_at as "createdAt", updated_at as "updatedAt"`;

const ofRow = ({ definition, ...row }: ProfileRow): Profile => ({ ...definition, ...row });

/** Profiles in order of name; `project` and `name` null: of all. */
export const readProfiles = async (
  sql: Sql,
  project: string | null,
  name: string | null,
): Promise<readonly Profile[]> => {
  const text = `select ${columns} from profiles
where ($1::text is null or project = $1) and ($2::text is null or name = $2) order by project, name`;
  return (await sql.run<ProfileRow>({ text }, [project, name])).map(ofRow);
};

/** Stores a profile or replaces it. */
export const putProfile = async (
  sql: Sql,
  { project, name, ...definition }: NewProfile,
): Promise<Profile> => {
  const text = `
insert into profiles (project, name, definition) values ($1, $2, $3::json)
on conflict (project, name) do update set definition = excluded.definition, updated_at = clock_timestamp()
returning ${columns}`;
  return ofRow(onlyRow(await sql.run<ProfileRow>({ text }, [project, name, JSON.stringify(definition)])));
};

/** Takes the profile's topics from it. */
export const dropProfileTopics = async (sql: Sql, project: string, name: string): Promise<void> => {
  await sql.run({ text: 'delete from profile_topics where project = $1 and profile = $2' }, [project, name]);
};

/** Makes the profile the default of topics; returns those that got it, for one that has another keeps that. */
export const takeTopics = async (
  sql: Sql,
  project: string,
  name: string,
  topics: readonly string[],
): Promise<readonly string[]> => {
  const text = `
insert into profile_topics (project, topic, profile) select $1, topic, $2 from unnest($3::text[]) as x (topic)
on conflict do nothing returning topic`;
  const rows = await sql.run<{ topic: string }>({ text }, [project, name, textArray(topics)]);
  return rows.map(({ topic }) => topic);
};

/** Whose default a topic is. */
export const profileOfTopic = async (sql: Sql, project: string, topic: string): Promise<string | null> => {
  const text = 'select profile from profile_topics where project = $1 and topic = $2';
  const [row] = await sql.run<{ profile: string }>({ text }, [project, topic]);
  return row?.profile ?? null;
};

/** How many profiles a project has. */
export const countProfiles = async (sql: Sql, project: string): Promise<number> => {
  const text = 'select count(*)::integer as count from profiles where project = $1';
  return onlyRow(await sql.run<{ count: number }>({ text }, [project])).count;
};

/** Live jobs whose spec names the profile, counted up to a bound: it reads every live spec of the project. */
export const countNaming = async (sql: Sql, project: string, name: string, most: number): Promise<number> => {
  const text = `
select count(*)::integer as count from (
  select 1 from job_specs s join jobs j on j.id = s.id join topics t on t.id = j.topic_id
  where t.project = $1 and s.spec ->> 'profile' = $2 limit $3) naming`;
  return onlyRow(await sql.run<{ count: number }>({ text }, [project, name, most])).count;
};

/** Removes a profile; false when there is none. */
export const deleteProfile = async (sql: Sql, project: string, name: string): Promise<boolean> => {
  const text = 'delete from profiles where project = $1 and name = $2 returning 1';
  return (await sql.run({ text }, [project, name])).length === 1;
};
