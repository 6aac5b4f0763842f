import { newIncarnationId, type BeatAnswer, type ExecutorRepository } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../testing/silent-log.ts';
import { createVirtualClock } from '../testing/clock/virtual-clock.ts';
import { createDatabaseTime } from './database-time.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLease } from './lease.ts';

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A row with a nonce, as the database keeps it, and what becomes of each answer. */
const setUp = async () => {
  const clock = createVirtualClock();
  const row = { nonce: 'first', at: new Date('2030-01-01T00:00:00Z'), gone: false };
  const line: { mode: 'fine' | 'lost request' | 'lost answer' | 'silent' } = { mode: 'fine' };
  const told: string[] = [];
  const compareAndSet = (from: string, to: string): BeatAnswer => {
    if (row.gone) return { kind: 'lost' };
    if (row.nonce !== from) return { kind: 'database_went_back' };
    row.nonce = to;
    return { kind: 'renewed', at: row.at };
  };
  const beat: ExecutorRepository['beat'] = async (_incarnation, from, to) => {
    if (line.mode === 'silent') return new Promise(() => undefined);
    if (line.mode === 'lost request') throw new Error('connection reset');
    const answer = compareAndSet(from, to);
    if (line.mode === 'lost answer') throw new Error('connection reset');
    return answer;
  };
  let count = 0;
  const lease = createLease(clock);
  const time = createDatabaseTime(clock);
  const heartbeat = createHeartbeat({
    executors: { beat } as ExecutorRepository,
    clock,
    lease,
    time,
    log: silentLog,
    incarnation: newIncarnationId(),
    nonce: 'first',
    newNonce: () => `nonce ${count++}`,
    onLost: () => void told.push('lost'),
    onWentBack: () => void told.push('went back'),
  });
  await heartbeat.beat();
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await settle();
    }
  };
  return { row, line, told, lease, time, pass };
};

describe('the heartbeat', () => {
  test('keeps the lease, and tells the database’s time', async () => {
    const { lease, time, pass, row, told } = await setUp();
    expect(time.now()).toEqual(row.at);
    await pass(60_000);
    expect(lease.holds()).toBe(true);
    expect(told).toEqual([]);
  });

  test.each(['lost request', 'lost answer', 'silent'] as const)(
    'lets the lease go a second before the database does when beats meet a %s, and has it again after',
    async (mode) => {
      const { line, lease, pass, told } = await setUp();
      line.mode = mode;
      await pass(7_900);
      expect(lease.holds()).toBe(true);
      await pass(200);
      expect(lease.holds()).toBe(false);
      line.mode = 'fine';
      await pass(4_100);
      expect(lease.holds()).toBe(true);
      expect(told).toEqual([]);
    },
  );

  test('a beat whose answer was lost is not mistaken for a database that went back', async () => {
    const { line, pass, told, lease } = await setUp();
    for (let round = 0; round < 5; round++) {
      line.mode = 'lost answer';
      await pass(3_000);
      line.mode = 'fine';
      await pass(3_000);
    }
    expect(told).toEqual([]);
    expect(lease.holds()).toBe(true);
  });

  test('says when the lease was lost, and when the nonce is not the one it wrote', async () => {
    const one = await setUp();
    one.row.gone = true;
    await one.pass(4_000);
    expect(one.told).toEqual(['lost']);
    const other = await setUp();
    other.row.nonce = 'of a backup';
    await other.pass(4_000);
    expect(other.told).toEqual(['went back']);
  });
});
