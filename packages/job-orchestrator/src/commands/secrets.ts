import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList } from '../output/format.ts';
import { secretBindingsView } from '../views/profile-views.ts';
import type { Cli } from './cli.ts';
import type { RegistryFlags } from './registry.ts';
import { withServer } from './session.ts';

export interface BindFlags extends RegistryFlags {
  readonly secret: string;
  readonly key: string;
  readonly topic?: readonly string[];
  readonly image?: readonly string[];
}

/** `secret bind NAME --secret S --key K`. */
export const bindSecret = (cli: Cli, name: string, flags: BindFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { validateSecretBinding } = await import('@job-orchestrator/types');
    const { project, secret, key, topic, image } = flags;
    const binding = validateSecretBinding(
      given({ name, project, secret, key, topics: topic, images: image }),
    );
    await writeList(screen, flags.format, secretBindingsView, [await client.bindSecret(binding)]);
    return exitCodes.ok;
  });

/** `secret list`. */
export const listSecrets = (cli: Cli, flags: RegistryFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { items } = await client.listSecretBindings(given({ project: flags.project }));
    await writeList(screen, flags.format, secretBindingsView, items);
    return exitCodes.ok;
  });

/** `secret unbind NAME`. */
export const unbindSecret = (cli: Cli, name: string, flags: RegistryFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const unbound = await client.unbindSecret(name, given({ project: flags.project }));
    screen.note(`secret ${unbound.name} is bound no more; attempts that use it fail from now on`);
    return exitCodes.ok;
  });
