/** What a token looks like: a header carries it, and nobody shall guess it. */
export const isToken = (text: string): boolean => /^[!-~]{16,512}$/.test(text);
export const allowedToken = '16 to 512 printable ASCII characters without blanks';
