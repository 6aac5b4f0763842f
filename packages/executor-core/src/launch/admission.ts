/**
 * Whether claims pause because the runtime takes no launches: it answers "slow down", has no room in its quota, or cannot
 * be reached. `stalled`: launches that wait to be asked for again. `room`: how many a second may begin.
 *
 * They pause once a second's worth is stalled, and go on once half of it went through: what is left in the queue can be
 * taken by other executors, and one success between two refusals does not turn claims on and off.
 */
export const claimsPause = (paused: boolean, stalled: number, room: number): boolean =>
  paused ? stalled > room / 2 : stalled >= room;
