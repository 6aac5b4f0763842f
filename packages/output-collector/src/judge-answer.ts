/** What an answer of the API means. `again`: worth another try. `over`: no later try will be answered otherwise. */
export type Judgement =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'over'; readonly message: string }
  | { readonly kind: 'again'; readonly message: string };

const detailOf = (body: string): string => {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? detail : '';
  } catch {
    return '';
  }
};

/**
 * 409, 413 and 422 speak of the output itself: nobody will take it. 403, 404 and 410 speak of us (another pod's attempt, a
 * wrong address, closed meanwhile): the executor may still take it from the log. The rest passes: 401 while a token is being
 * renewed, 425 until the executor has seen our pod, 429, 5xx.
 */
export const judgeAnswer = (status: number, body: string): Judgement => {
  const message = `HTTP ${status} ${detailOf(body)}`.trim();
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (status === 409 || status === 413 || status === 422)
    return { kind: 'refused', message: detailOf(body) || message };
  if (status === 403 || status === 404 || status === 410) return { kind: 'over', message };
  return { kind: 'again', message };
};

const baseMs = 100;
const capMs = 2_000;

/** How long to wait before try `number + 1`, full jitter over half of a doubling ceiling. `jitter` is in [0, 1). */
export const pauseMs = (number: number, jitter: number): number => {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(number, 10));
  return ceiling / 2 + (jitter * ceiling) / 2;
};
