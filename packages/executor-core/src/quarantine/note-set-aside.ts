import type { SetAside } from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';

/** Most that one executor tells of. */
const most = 50;

/** What an executor sets aside now. */
const setAsideOf = async (life: Life): Promise<readonly SetAside[]> => {
  const attempts = life.held
    .all()
    .flatMap(({ attempt, setAside }): readonly SetAside[] =>
      setAside === null
        ? []
        : [{ kind: 'attempt', jobId: attempt.jobId, name: attempt.id, message: setAside }],
    );
  return [...attempts, ...(await life.deps.runtime.setAside())].slice(0, most);
};

/** Tells what is set aside, whenever that has changed. */
export const createSetAsideNotes = (life: Life): (() => Promise<void>) => {
  let told = '[]';
  return async () => {
    const now = await setAsideOf(life);
    const text = JSON.stringify(now);
    if (text === told || !life.alive()) return;
    await life.deps.database.executors.noteSetAside(life.incarnation, now);
    told = text;
  };
};
