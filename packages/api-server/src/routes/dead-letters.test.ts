import {
  closed,
  DeadLetterPageSchema,
  DiscardAnswerSchema,
  failure as failureOf,
  RedriveAnswerSchema,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const why = { by: 'anna', reason: 'the registry is back' };

const failed = async (topic: string): Promise<string> => {
  const { jobs } = await api.client.submitJobs({ image: 'shell', topic, command: ['false'] });
  const id = jobs[0]!.id;
  const attempt = await api.driver.claim(id);
  const end = {
    kind: 'fail',
    failure: failureOf('exit_code', 'it ended with 3'),
    lost: false,
    exit: null,
  } as const;
  await api.driver.write(closed(attempt.id, end, null));
  return id;
};

it('lists, counts in a dry run, redrives at a pace, and says so on the old job and on the new one', async () => {
  const ids = [await failed('pace'), await failed('pace'), await failed('pace')];
  const page = await api.client.listDeadLetters({ topic: 'pace', failure: 'exit_code' });
  expectShape(DeadLetterPageSchema, page);
  expect(page.items.map(({ id }) => id)).toEqual(ids.toReversed());
  const dry = { topic: 'pace', dryRun: true, by: 'anna' };
  expect(await api.client.redriveDeadLetters(dry)).toEqual({ matched: 3, jobs: [] });
  expect(await api.client.discardDeadLetters(dry)).toEqual({ matched: 3, jobs: [] });
  const before = Date.now();
  const answer = await api.client.redriveDeadLetters({ topic: 'pace', ratePerSecond: 0.1, limit: 2, ...why });
  expectShape(RedriveAnswerSchema, answer);
  expect(answer).toMatchObject({ matched: 3, jobs: [{ retryOf: ids[2] }, { retryOf: ids[1] }] });
  const second = await api.client.getJob(answer.jobs[1]!.id);
  expect(second).toMatchObject({ state: 'scheduled', retryOf: ids[1], rootJobId: ids[1], createdBy: 'anna' });
  expect(Date.parse(second.runAt) - before).toBeGreaterThanOrEqual(10_000);
  const old = await api.client.getJob(ids[2]!);
  expect(old.state).toBe('failed');
  expect(old.notes.join()).toContain(`run again as job ${answer.jobs[0]!.id.slice(-8)}`);
  expect(old.notes.join()).toContain('by anna');
  expect((await api.client.listDeadLetters({ topic: 'pace' })).items).toMatchObject([{ id: ids[0] }]);
});

it('redrives with what the image refers to now, where that is asked for; a disabled image stops it at once', async () => {
  const before = await api.client.getImage('shell');
  const [kept, renewed] = [await failed('old-image'), await failed('new-image')];
  await api.client.putImage({ name: 'shell', reference: 'registry.example/shell:2' });
  const specOf = async (topic: string, currentImage?: boolean) => {
    const terms = currentImage === undefined ? {} : { currentImage };
    const { jobs } = await api.client.redriveDeadLetters({ topic, ...terms, ...why });
    return (await api.client.getJob(jobs[0]!.id)).spec;
  };
  expect(await specOf('old-image')).toMatchObject({ imageReference: before.reference, command: ['false'] });
  await api.client.disableImage('shell');
  expect((await failure(specOf('new-image', true))).code).toBe('image_disabled');
  await api.client.enableImage('shell');
  expect(await specOf('new-image', true)).toMatchObject({
    imageReference: 'registry.example/shell:2',
    command: ['false'],
  });
  await api.client.putImage({ name: 'shell', reference: before.reference });
  expect((await api.client.getJob(kept)).state + (await api.client.getJob(renewed)).state).toBe(
    'failedfailed',
  );
});

it('discards named jobs, once', async () => {
  const id = await failed('discard');
  const answer = await api.client.discardDeadLetters({ jobs: [id.slice(-8)], ...why });
  expectShape(DiscardAnswerSchema, answer);
  expect(answer).toEqual({ matched: 1, jobs: [id] });
  expect(await api.client.discardDeadLetters({ jobs: [id], ...why })).toEqual({ matched: 0, jobs: [] });
  expect((await api.client.getJob(id)).notes.join()).toContain('discarded by anna');
});

it('a retry takes a job off the list as well', async () => {
  const id = await failed('retried');
  const { id: again } = await api.client.retryJob(id);
  expect((await api.client.listDeadLetters({ topic: 'retried' })).items).toEqual([]);
  expect(await api.client.redriveDeadLetters({ jobs: [id], ...why })).toEqual({ matched: 0, jobs: [] });
  expect((await api.client.getJob(id)).notes.join()).toContain(again);
});

it.each([
  ['nothing that narrows', { ...why }, 'all'],
  ['labels of which there are none', { labels: {}, ...why }, 'all'],
  ['no person', { topic: 'a', reason: 'x' }, 'by'],
  ['no reason', { topic: 'a', by: 'anna' }, 'reason'],
  ['no reason where it is no dry run', { topic: 'a', by: 'anna', dryRun: false }, 'reason'],
  ['an unknown failure', { failure: 'bad_luck', ...why }, 'failure'],
  ['a rate of 0', { topic: 'a', ratePerSecond: 0, ...why }, 'ratePerSecond'],
])('refuses %s, naming the field', async (_name, request, field) => {
  const error = await failure(api.client.redriveDeadLetters(request as typeof why));
  expect(error.code).toBe('invalid_input');
  expect(error.problems.map((problem) => problem.field)).toContain(field);
});
