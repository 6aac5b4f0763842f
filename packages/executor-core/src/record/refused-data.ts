/**
 * SQLSTATEs that the values of a statement can cause: 22 data exception, 23 integrity, 54 a limit of the database
 * (a JSON too deep, a row too wide), XX001 data that cannot be read. All others (53100 disk full, 57014, …) pass.
 */
const ofData = /^(?:(?:22|23|54)[0-9A-Z]{3}|XX001)$/;

const codesOf = (error: unknown): readonly unknown[] => {
  if (!(error instanceof Error)) return [];
  return ['code' in error ? error.code : null, ...codesOf(error.cause)];
};

/** The database refuses what a statement holds: sent again, it is refused again. False: only the moment was bad. */
export const refusesData = (error: unknown): boolean =>
  codesOf(error).some((code) => typeof code === 'string' && ofData.test(code));
