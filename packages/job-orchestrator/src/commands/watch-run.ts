import type { DagRunDto, NodeRunDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { LiveStream, Screen } from '../output/screen.ts';
import { nodeLines } from '../views/node-line.ts';
import { runFrame } from '../views/run-frame.ts';
import { isShown } from '../views/run-story.ts';
import { followRun, type RunStanding } from './follow-run.ts';
import { serverGone } from './ride-through.ts';
import type { Session } from './session.ts';

/** How a run is watched. */
export interface WatchRun {
  readonly signal: AbortSignal;
  /** null: to its end. */
  readonly timeoutMs: number | null;
  /** What is watched is the data on stdout, unless data of another kind is to stand there. */
  readonly stream: LiveStream;
}

/** Shows a run as it stands, again and again. */
interface Watcher {
  show(standing: RunStanding): void;
  /** The server does not answer; it is asked again. */
  gone(): void;
  /** The last word; null where nothing was shown. */
  end(run: DagRunDto | null): void;
}

/** Times go on while nothing happens; nobody sees more pictures than five a second. */
const [redrawMs, leastRedrawMs] = [1_000, 200];

const esc = '\u001b[';
/** No line may wrap, or the count of lines to go back over would be wrong. */
const [noWrap, wrap] = [`${esc}?7l`, `${esc}?7h`];

/** Draws over what it drew before; one line of the terminal stays free for the cursor. */
const createPainter = (screen: Screen, stream: LiveStream): Watcher => {
  const colours = stream === 'stdout' ? screen.outColours : screen.errColours;
  let drawn = 0;
  let drawnAt = -Infinity;
  let last: RunStanding | null = null;
  let stale = false;
  let away = false;
  const draw = (): void => {
    if (last === null) return;
    const { columns, rows } = screen.room(stream);
    const foot = away ? [colours.yellow(serverGone)] : [];
    const room = { columns, rows: rows - 1 - foot.length };
    const lines = [...runFrame(last.run, last.nodes(), new Date(), room, colours), ...foot];
    const up = drawn === 0 ? '' : `${esc}${drawn}A`;
    screen.draw(stream, `${noWrap}${up}\r${lines.map((line) => `${esc}2K${line}\n`).join('')}${esc}J${wrap}`);
    [drawn, drawnAt, stale] = [lines.length, performance.now(), false];
  };
  const drawSoon = (): void => {
    const since = performance.now() - drawnAt;
    if (since >= redrawMs || (stale && since >= leastRedrawMs)) draw();
  };
  const timer = setInterval(drawSoon, leastRedrawMs);
  return {
    show: (standing) => {
      [last, stale, away] = [standing, true, false];
      drawSoon();
    },
    gone: () => {
      [stale, away] = [true, true];
      drawSoon();
    },
    end: () => {
      clearInterval(timer);
      draw();
    },
  };
};

/** A node with items is told again each time another tenth of them has ended. */
const newsOf = ({ state, jobState, attempt, items }: NodeRunDto): string => {
  const tenths = items === null ? '' : Math.floor(((items.completed + items.failed) * 10) / items.total);
  const again = state === 'running' && (attempt ?? 0) > 0 && jobState !== 'claimed';
  return `${state} ${tenths} ${again ? `${attempt} ${jobState === 'scheduled' ? jobState : ''}` : ''}`;
};

const isQuiet = ({ state }: NodeRunDto): boolean => state === 'waiting' || state === 'ready';

const idOf = ({ run }: RunStanding): string => shortId(run.id);

/** A line per news. */
const createTeller = (screen: Screen, stream: LiveStream): Watcher => {
  const told = new Map<string, string>();
  let named = false;
  const say = (line: string): void => (stream === 'stdout' ? screen.out(`${line}\n`) : screen.note(line));
  const colours = stream === 'stdout' ? screen.outColours : screen.errColours;
  return {
    show: (standing) => {
      // On stderr, so that a log of CI names the run whatever becomes of it.
      if (!named)
        screen.note(`run ${idOf(standing)}; its story: job-orchestrator describe run ${idOf(standing)}`);
      named = true;
      for (const node of standing.nodes()) {
        const [key, news] = [`${node.run} ${node.node} ${node.item}`, newsOf(node)];
        if (isQuiet(node) || !isShown(node) || told.get(key) === news) continue;
        told.set(key, news);
        const style = { now: new Date(), colours, columns: Infinity, nameColumns: 24 };
        for (const line of nodeLines(node, style)) say(line);
      }
    },
    gone: () => screen.note(serverGone),
    end: (run) => {
      if (run !== null) say(`run ${run.state}${run.message === null ? '' : `: ${safeLine(run.message)}`}`);
    },
  };
};

/** Null: time is over, and nothing was heard yet. */
const watch = async (
  { client, screen }: Session,
  id: string,
  signal: AbortSignal,
  watcher: Watcher,
): Promise<DagRunDto | null> => {
  let run: DagRunDto | null = null;
  const looking = (why: string): void => screen.note(`looking once a second, for there is no stream: ${why}`);
  try {
    const troubles = { onLooking: looking, onGone: watcher.gone };
    for await (const standing of followRun(client, id, signal, troubles)) {
      run = standing.run;
      watcher.show(standing);
    }
  } catch (error) {
    if ((signal.reason as Error | undefined)?.name !== 'TimeoutError') throw error;
  }
  return run;
};

/** Timers of Node take 2^31 - 1 ms (24 days) at most. */
const withTimeout = (signal: AbortSignal, ms: number): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(Math.min(ms, 2 ** 31 - 1))]);

/**
 * Follows a run: a live picture on a terminal, a line per news elsewhere. Returns it as it stands at its end or, where
 * that comes first, at the end of the time.
 */
export const watchRun = async (session: Session, id: string, options: WatchRun): Promise<DagRunDto> => {
  const { screen, client } = session;
  const { stream, timeoutMs } = options;
  const { live } = stream === 'stdout' ? screen.outStyle : screen.errStyle;
  const watcher = (live ? createPainter : createTeller)(screen, stream);
  const signal = timeoutMs === null ? options.signal : withTimeout(options.signal, timeoutMs);
  let run: DagRunDto | null = null;
  try {
    run = (await watch(session, id, signal, watcher)) ?? (await client.getDagRun(id));
    return run;
  } finally {
    watcher.end(run);
  }
};
