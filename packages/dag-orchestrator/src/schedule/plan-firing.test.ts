import type { CatchUpPolicy, OverlapPolicy } from '@job-orchestrator/types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planFiring, planResume } from './plan-firing.ts';
import { nextTime, timesBetween } from './times.ts';

const hourly = { cron: '0 * * * *', timeZone: 'UTC' };
const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);
const facts = {
  rule: hourly,
  overlap: 'skip' as OverlapPolicy,
  catchUp: 'latest' as CatchUpPolicy,
  nextAt: at('01:00:00'),
  now: at('01:00:01'),
  open: 0,
};
const planned = (changes: Partial<typeof facts>) => planFiring({ ...facts, ...changes });

test('a time that has come starts a run, and the next one follows', () => {
  expect(planned({})).toEqual({
    kind: 'step',
    skipped: [],
    start: at('01:00:00'),
    replace: false,
    next: at('02:00:00'),
  });
});

test('while the run before is open: allow starts, skip does not and says so, replace cancels', () => {
  expect(planned({ open: 1, overlap: 'allow' })).toMatchObject({ start: at('01:00:00'), replace: false });
  expect(planned({ open: 1, overlap: 'replace' })).toMatchObject({ start: at('01:00:00'), replace: true });
  expect(planned({ open: 1 })).toMatchObject({
    start: null,
    next: at('02:00:00'),
    skipped: [{ outcome: 'overlap', from: at('01:00:00'), through: at('01:00:00'), times: 1 }],
  });
});

test('catch-up latest: after hours without anybody the latest time runs, the others are missed', () => {
  expect(planned({ now: at('05:30:00') })).toEqual({
    kind: 'step',
    skipped: [{ outcome: 'missed', from: at('01:00:00'), through: at('04:00:00'), times: 4 }],
    start: at('05:00:00'),
    replace: false,
    next: at('06:00:00'),
  });
});

test('catch-up none: a time that is over by more than a minute does not run', () => {
  const none = { catchUp: 'none' as const };
  expect(planned({ ...none, now: at('01:01:00') })).toMatchObject({ start: at('01:00:00') });
  expect(planned({ ...none, now: at('01:01:01') })).toMatchObject({
    start: null,
    skipped: [{ outcome: 'missed', times: 1 }],
    next: at('02:00:00'),
  });
  expect(planned({ ...none, now: at('05:00:10') })).toMatchObject({
    start: at('05:00:00'),
    skipped: [{ outcome: 'missed', from: at('01:00:00'), through: at('04:00:00'), times: 4 }],
  });
});

test('catch-up all: times run from the oldest on, and wait for the open run unless overlap is allowed', () => {
  const all = { catchUp: 'all' as const, now: at('05:30:00') };
  expect(planned(all)).toMatchObject({ skipped: [], start: at('01:00:00'), next: at('02:00:00') });
  expect(planned({ ...all, open: 1 })).toEqual({ kind: 'wait' });
  expect(planned({ ...all, open: 1, overlap: 'allow' })).toMatchObject({ start: at('01:00:00') });
});

test('catch-up all: of more than a hundred times the newest hundred run', () => {
  const now = new Date('2026-01-08T00:30:00Z');
  const plan = planned({ catchUp: 'all', now });
  expect(plan).toMatchObject({
    skipped: [{ outcome: 'missed', from: at('01:00:00'), times: 68 }],
    start: new Date('2026-01-03T21:00:00Z'),
  });
});

test('times that passed during a pause are counted, and the schedule goes on with the next to come', () => {
  expect(planResume(hourly, at('01:00:00'), at('03:30:00'))).toEqual({
    skipped: { outcome: 'paused', from: at('01:00:00'), through: at('03:00:00'), times: 3 },
    next: at('04:00:00'),
  });
  expect(planResume(hourly, at('05:00:00'), at('03:30:00'))).toEqual({ skipped: null, next: at('04:00:00') });
});

const crons = ['*/7 * * * *', '0 * * * *', '30 2 * * *', '*/20 2 * * *', '0 9 * * MON', '15,45 1-3 * * *'];
const day = 86_400_000;

test('stepping over any outage accounts for every time exactly once, in order', () => {
  const outage = fc.record({
    cron: fc.constantFrom(...crons),
    overlap: fc.constantFrom<OverlapPolicy>('allow', 'skip', 'replace'),
    catchUp: fc.constantFrom<CatchUpPolicy>('none', 'latest', 'all'),
    from: fc.integer({ min: Date.UTC(2026, 2, 27), max: Date.UTC(2026, 2, 30) }),
    lasts: fc.integer({ min: 0, max: day }),
    open: fc.array(fc.boolean(), { maxLength: 20 }),
  });
  const check = ({
    cron,
    overlap,
    catchUp,
    from,
    lasts,
    open,
  }: typeof outage extends fc.Arbitrary<infer T> ? T : never) => {
    const rule = { cron, timeZone: 'Europe/Berlin' };
    const now = new Date(from + lasts);
    const first = nextTime(rule, new Date(from))!;
    let next: Date | null = first;
    const dealt: number[] = [];
    const busy = [...open];
    for (let step = 0; next !== null && next <= now && step < 1_000; step += 1) {
      const plan = planFiring({
        rule,
        overlap,
        catchUp,
        nextAt: next,
        now,
        open: busy.shift() === true ? 1 : 0,
      });
      if (plan.kind === 'wait') continue;
      for (const { from: begin, through, times } of plan.skipped) {
        const left = timesBetween(rule, begin, through, 1_000);
        expect(left).toHaveLength(times);
        dealt.push(...left.map((time) => time.getTime()));
      }
      if (plan.start !== null) dealt.push(plan.start.getTime());
      next = plan.next;
    }
    expect(dealt).toEqual(timesBetween(rule, first, now, 1_000).map((time) => time.getTime()));
  };
  fc.assert(fc.property(outage, check), { numRuns: 25 });
}, 60_000);
