/**
 * Text from outside as a database can store it: PostgreSQL takes neither NUL nor half of a surrogate pair, which a cut may
 * leave. Programs write both to their logs.
 */
export const storableText = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();
