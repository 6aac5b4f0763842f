/** The part of the catalogue that is about schedules and backfills. */
export const scheduleErrors = {
  schedule_not_found: {
    status: 404,
    title: 'There is no such schedule.',
    hint: 'List them with `schedule list`.',
  },
  schedule_exists: {
    status: 409,
    title: 'There is a schedule of that name.',
    hint: 'Use another name, or `schedule create --replace` to change it.',
  },
  backfill_not_found: {
    status: 404,
    title: 'There is no such backfill.',
    hint: 'List them with `get backfills`.',
  },
  backfill_ambiguous: {
    status: 409,
    title: 'More than one backfill fits.',
    hint: 'Give more characters of the id.',
  },
} as const;
