import type { ImageDto, TopicDto } from '@job-orchestrator/types';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList } from '../output/format.ts';
import { imagesView, topicsView } from '../views/job-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { withServer, type Session } from './session.ts';
import { keyValues } from './key-values.ts';

export type RegistryFlags = ServerFlags & FormatFlags & ProjectFlags;

export interface ImageFlags extends RegistryFlags {
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly runAsUser?: number;
  readonly pullSecret?: readonly string[];
}

const projectOf = ({ project }: ProjectFlags): { project?: string } =>
  project === undefined ? {} : { project };

const writeImage = async ({ screen }: Session, flags: FormatFlags, image: ImageDto): Promise<number> => {
  await writeList(screen, flags.format, imagesView, [image]);
  return exitCodes.ok;
};

const writeTopic = async ({ screen }: Session, flags: FormatFlags, topic: TopicDto): Promise<number> => {
  await writeList(screen, flags.format, topicsView(new Date()), [topic]);
  return exitCodes.ok;
};

/** `image add NAME REFERENCE [-- CMD…]`: registers an image or replaces its definition. */
export const addImage = (
  cli: Cli,
  name: string,
  reference: string,
  command: readonly string[],
  flags: ImageFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { validateImageSubmission } = await import('@job-orchestrator/types');
    const image = validateImageSubmission({
      name,
      reference,
      ...projectOf(flags),
      ...(command.length === 0 ? {} : { command: [...command] }),
      ...(flags.runAsUser === undefined ? {} : { runAsUser: flags.runAsUser }),
      ...(flags.pullSecret === undefined ? {} : { pullSecrets: [...flags.pullSecret] }),
      env: keyValues('--env', flags.env),
      labels: keyValues('--label', flags.label),
    });
    return writeImage(session, flags, await session.client.putImage(image));
  });

/** `image disable NAME` and `image enable NAME`. */
export const setImageActive = (
  cli: Cli,
  name: string,
  active: boolean,
  flags: RegistryFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client } = session;
    const image = await (active
      ? client.enableImage(name, projectOf(flags))
      : client.disableImage(name, projectOf(flags)));
    return writeImage(session, flags, image);
  });

/** Whether the topic stood in the list before: a change of one that did not makes it, as a typing error would. */
const isKnown = async ({ client }: Session, name: string, { project = 'default' }: ProjectFlags) =>
  (await client.listTopics({ project })).items.some((topic) => topic.name === name);

/** Changes a topic, shows it, and says so where the change made it. */
const changeTopic = async (
  session: Session,
  name: string,
  flags: RegistryFlags,
  change: () => Promise<TopicDto>,
): Promise<number> => {
  const known = await isKnown(session, name, flags);
  const topic = await change();
  if (!known) session.screen.note(`topic ${topic.name} was not known; made it now`);
  return writeTopic(session, flags, topic);
};

/** `topic pause NAME` and `topic resume NAME`. */
export const setTopicPaused = (
  cli: Cli,
  name: string,
  paused: boolean,
  flags: RegistryFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client } = session;
    return changeTopic(session, name, flags, () =>
      paused ? client.pauseTopic(name, projectOf(flags)) : client.resumeTopic(name, projectOf(flags)),
    );
  });

/** `topic limit NAME N|none`. */
export const limitTopic = (
  cli: Cli,
  name: string,
  limit: number | null,
  flags: RegistryFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) =>
    changeTopic(session, name, flags, () => session.client.limitTopic(name, limit, projectOf(flags))),
  );
