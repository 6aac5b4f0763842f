import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { limits, objectName, specProblems, type AttemptRef, type JobSpec } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ProcessRuntimeOptions } from '../process-runtime.ts';
import { unguarded } from '@job-orchestrator/executor-core/testing';
import { openSandbox, type Sandbox } from '../testing/sandbox.ts';
import { createAttemptsFolder, createFolder } from '../attempt/folder.ts';
import { findShimTools } from './shim.ts';
import { spawnShim } from './spawn-shim.ts';

let sandbox: Sandbox;
beforeEach(() => (sandbox = openSandbox()));
afterEach(() => sandbox.close());

interface Given {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const tellGiven =
  'process.stdout.write(JSON.stringify({argv:process.argv.slice(1),env:process.env,cwd:process.cwd()}))';

/** What a real program was given. */
const given = async (
  args: readonly string[],
  spec: Partial<JobSpec> = {},
  options: Partial<ProcessRuntimeOptions> = {},
): Promise<Given & { ref: AttemptRef }> => {
  const watched = await sandbox.start(options);
  const ref = await watched.run(sandbox.launch([process.execPath, '-e', tellGiven, '--'], { args, ...spec }));
  expect((await watched.ended(ref)).exit.failure).toBeNull();
  return { ...(JSON.parse(await watched.log(ref)) as Given), ref };
};

describe('what a program is given', () => {
  test('the largest spec that is accepted arrives whole: variables, words and inputs at their limits', async () => {
    const env = { A: 'a'.repeat(limits.envEntryBytes - 1) };
    const rest = limits.envTotalBytes - limits.envEntryBytes - 2 - 'B'.length - 2;
    const spec = {
      env: { ...env, B: 'ä'.repeat(rest / 2) },
      args: ['w'.repeat(limits.commandItemBytes - 4_000)],
    };
    expect(specProblems(sandbox.launch(['sh'], spec).spec, [])).toEqual([]);
    const inputs = { a: 'i'.repeat(limits.inputsBytes - 8) };
    const watched = await sandbox.start();
    const script =
      'printf "%s " "${#A}" "$(printf %s "$B" | wc -c)" "${#0}"; wc -c < "$JOB_ORCHESTRATOR_INPUT"';
    const ref = await watched.run(sandbox.launch(['sh', '-c', script], { ...spec, inputs }));
    expect((await watched.ended(ref)).exit).toMatchObject({ exitCode: 0 });
    expect((await watched.log(ref)).split(/\s+/)).toEqual(
      [
        limits.envEntryBytes - 1,
        rest - (rest % 2),
        limits.commandItemBytes - 4_000,
        limits.inputsBytes,
        '',
      ].map(String),
    );
  });

  test('odd words arrive as they are', async () => {
    const odd = [
      '',
      ' ',
      "it's",
      '"q"',
      'two\nlines',
      '$(VAR)',
      '$HOME',
      '`id`',
      '-n',
      '--',
      '*',
      '\\',
      'ünï💥',
      ';',
      '\t',
    ];
    expect((await given(odd)).argv).toEqual(odd);
  });

  test('any words and any environment arrive as they are', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0'));
    const wellFormed = word.filter((text) => text.isWellFormed());
    const name = fc.stringMatching(/^V_[A-Za-z0-9_]{0,8}$/);
    const property = fc.asyncProperty(
      fc.array(wellFormed, { maxLength: 20 }),
      fc.dictionary(name, wellFormed),
      async (args, env) => {
        const seen = await given(args, { env });
        expect(seen.argv).toEqual(args);
        expect(seen.env).toMatchObject(env);
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });

  test('variables that shells keep for themselves arrive too', async () => {
    const env = {
      IFS: 'x',
      UID: '77',
      PPID: '3',
      OPTIND: '9',
      PS1: 'p',
      PWD: '/zz',
      RANDOM: 'r',
      SECONDS: 's',
      _: 'u',
    };
    expect((await given([], { env })).env).toMatchObject(env);
  });

  test('a PATH of the job reaches the program, and does not hinder the shim', async () => {
    expect((await given([], { env: { PATH: '/nowhere' } })).env['PATH']).toBe('/nowhere');
  });

  test('of our environment it inherits the listed variables only, never our secrets', async () => {
    const environment = {
      PATH: process.env['PATH'],
      HOME: '/home/me',
      LC_ALL: 'C',
      DATABASE_URL: 'postgres://secret',
      API_TOKEN: 'secret',
    };
    const { env, ref } = await given([], { env: { HOME: '/job' } }, { environment });
    expect(env).toMatchObject({
      HOME: '/job',
      LC_ALL: 'C',
      JOB_ORCHESTRATOR_JOB_ID: ref.jobId,
      JOB_ORCHESTRATOR_ATTEMPT: '1',
      JOB_ORCHESTRATOR_ATTEMPT_ID: ref.attemptId,
    });
    expect(JSON.stringify(env)).not.toContain('secret');
  });

  test('a job cannot pretend to be another attempt', async () => {
    const { env, ref } = await given([], { env: { JOB_ORCHESTRATOR_ATTEMPT_ID: 'other' } });
    expect(env['JOB_ORCHESTRATOR_ATTEMPT_ID']).toBe(ref.attemptId);
  });

  test('inputs stand in a file for its owner alone, in a folder for its owner alone', async () => {
    const inputs = { file: 'a b', nested: [1, { ü: null }] };
    const { env, ref } = await given([], { inputs });
    const path = env['JOB_ORCHESTRATOR_INPUT'] ?? '';
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(inputs);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(sandbox.folderOf(ref)).mode & 0o777).toBe(0o700);
  });

  test('it runs where the orchestrator was started, or in the folder that was set', async () => {
    expect((await given([])).cwd).toBe(process.cwd());
    const workingDirectory = join(sandbox.dataDir, 'work place');
    mkdirSync(workingDirectory);
    expect((await given([], {}, { workingDirectory })).cwd).toBe(workingDirectory);
    const missing = sandbox.start({ workingDirectory: join(sandbox.dataDir, 'missing') });
    await expect(missing).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });

  test('SIGINT and SIGQUIT have their usual effect in it', async () => {
    const watched = await sandbox.start();
    const ref = await watched.run(sandbox.launch(['sh', '-c', 'kill -s INT $$; echo survived']));
    expect((await watched.ended(ref)).exit.failure).toMatchObject({ evidence: { signal: 'SIGINT' } });
  });

  test.runIf(existsSync('/proc/self'))(
    'it leads a process group of its own, apart from the shim',
    async () => {
      const watched = await sandbox.start();
      const groups =
        'echo $$; for p in $$ $PPID; do read -r _ _ _ _ group _ < /proc/$p/stat; echo $group; done';
      const ref = await watched.run(sandbox.launch(['sh', '-c', groups]));
      await watched.ended(ref);
      const [pid, group, shimGroup] = (await watched.log(ref)).split('\n');
      expect(group).toBe(pid);
      expect(shimGroup).not.toBe(group);
    },
  );
});

describe('a command that cannot be executed', () => {
  const outcomeOf = async (command: readonly string[] | null, spec: Partial<JobSpec> = {}) => {
    const { runtime } = await sandbox.start({ workingDirectory: sandbox.dataDir });
    const launch = sandbox.launch(command ?? [], { ...spec, command });
    const outcome = await runtime.ensure(launch, unguarded);
    if (outcome.kind === 'refused') expect(await runtime.observe(launch)).toEqual({ kind: 'absent' });
    return outcome;
  };
  const file = (name: string, text: string, mode: number): string => {
    writeFileSync(join(sandbox.dataDir, name), text);
    chmodSync(join(sandbox.dataDir, name), mode);
    return `./${name}`;
  };

  test('no command: the image’s own is not known here, and the message says what to do', async () => {
    expect(await outcomeOf(null, { args: ['x'] })).toMatchObject({
      kind: 'refused',
      failure: { reason: 'launch_refused', message: expect.stringContaining('Give a command') },
    });
    expect((await outcomeOf([])).kind).toBe('refused');
  });

  test.each([
    ['a name that PATH does not know', () => ['no-such-command'], 'no-such-command'],
    ['an empty name', () => [''], 'empty'],
    ['a path where nothing is', () => ['./nothing'], 'There is no file'],
    ['a file that is not executable', () => [file('plain', 'text', 0o644)], 'not an executable'],
    ['a folder', () => ['/tmp'], 'not an executable'],
    ['a script without its interpreter', () => [file('script', '#!/no/such\n', 0o755)], '/no/such'],
  ])('%s is refused as command_not_found before anything is made', async (_, command, message) => {
    expect(await outcomeOf(command())).toMatchObject({
      kind: 'refused',
      failure: { reason: 'command_not_found', message: expect.stringContaining(message) },
    });
  });

  test('a secret larger than the system takes is refused, and named', async () => {
    const secrets = { big: { key: 'x'.repeat(limits.envEntryBytes) } };
    writeFileSync(join(sandbox.dataDir, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 });
    const { runtime } = await sandbox.start();
    const launch = { ...sandbox.launch(['true']), secretEnv: { BIG: { secret: 'big', key: 'key' } } };
    expect(await runtime.ensure(launch, unguarded)).toMatchObject({
      kind: 'refused',
      failure: { message: expect.stringMatching(/the variable BIG has 131074\..*131071 bytes for each/) },
    });
  });

  test('more words than the system takes are refused, and nothing stays behind', async () => {
    const outcome = await outcomeOf(['true'], {
      args: Array.from({ length: 200 }, () => 'x'.repeat(65_536)),
    });
    expect(outcome).toMatchObject({
      kind: 'refused',
      failure: { reason: 'launch_refused', message: expect.stringContaining('E2BIG') },
    });
    expect(readdirSync(join(sandbox.dataDir, 'attempts'))).toEqual([]);
  });

  test('a working directory that is gone is waited for', async () => {
    const workingDirectory = join(sandbox.dataDir, 'gone');
    mkdirSync(workingDirectory);
    const watched = await sandbox.start({ workingDirectory });
    rmdirSync(workingDirectory);
    const launch = sandbox.launch(['true']);
    expect(await watched.runtime.ensure(launch, unguarded)).toMatchObject({
      kind: 'busy',
      message: expect.stringContaining(workingDirectory),
    });
    mkdirSync(workingDirectory);
    expect((await watched.ended(await watched.run(launch))).exit.exitCode).toBe(0);
  });

  test('what the system refuses to execute only when it tries is told apart from exit code 127', async () => {
    const watched = await sandbox.start({ workingDirectory: sandbox.dataDir });
    file('inner', '#!/no/such\n', 0o755);
    const broken = file('outer', `#!${sandbox.dataDir}/inner\n`, 0o755);
    const end = async (command: readonly string[]) =>
      (await watched.ended(await watched.run(sandbox.launch(command)))).exit;
    expect(await end([broken])).toMatchObject({ failure: { reason: 'command_not_found' } });
    expect(await end(['sh', '-c', 'exit 127'])).toMatchObject({
      exitCode: 127,
      failure: { reason: 'exit_code' },
    });
    expect(await end(['sh', '-c', 'exit 126'])).toMatchObject({
      exitCode: 126,
      failure: { reason: 'exit_code' },
    });
  });

  test('a script without an interpreter line runs, and a name with a leading dash too', async () => {
    const watched = await sandbox.start({ workingDirectory: sandbox.dataDir });
    file('-dash', '#!/bin/sh\necho "dash $1"\n', 0o755);
    file('bare', 'echo "bare $1"\n', 0o755);
    const env = { PATH: `${sandbox.dataDir}:/usr/bin:/bin` };
    const logOf = async (command: readonly string[]) => {
      const ref = await watched.run(sandbox.launch(command, { env }));
      await watched.ended(ref);
      return watched.log(ref);
    };
    expect(await logOf(['-dash', '-x'])).toBe('dash -x\n');
    expect(await logOf(['bare', '--'])).toBe('bare --\n');
  });
});

describe('on a machine without setsid', () => {
  const withoutSetsid = findShimTools((name) => (name === 'setsid' ? null : `/usr/bin/${name}`));

  test.runIf(existsSync('/usr/bin/perl') && existsSync('/proc/self'))('perl starts the session', async () => {
    const launch = sandbox.launch(['true']);
    const attempts = createAttemptsFolder(sandbox.dataDir);
    await createFolder(attempts, launch);
    const folder = join(attempts, objectName(launch.installation, launch.jobId, 1));
    const words = ['sh', '-c', 'read -r _ _ _ _ group _ < /proc/$$/stat; [ "$group" = $$ ] && exit 42'];
    const spawned = await spawnShim({
      folder,
      bootId: 'any',
      tools: withoutSetsid ?? { mv: '', newSession: [] },
      workingDirectory: '/',
      command: { words, environment: { PATH: '/usr/bin:/bin' } },
    });
    if (spawned.kind === 'failed') throw new Error(spawned.message);
    await spawned.ended;
    expect(readFileSync(join(folder, 'exit'), 'utf8')).toBe('42 \n');
  });

  test('and without perl the runtime says what it needs', () => {
    expect(findShimTools((name) => (name === 'mv' ? '/bin/mv' : null))).toBeNull();
  });
});
