/** What a check found. `mend`: what to type or change; only where something is to be mended. */
export interface Finding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'fault' | 'skipped';
  readonly detail: string;
  readonly mend: string | null;
}

export const ok = (check: string, detail: string): Finding => ({ check, result: 'ok', detail, mend: null });
export const skipped = (check: string, detail: string): Finding => ({
  check,
  result: 'skipped',
  detail,
  mend: null,
});
export const warning = (check: string, detail: string, mend: string): Finding => ({
  check,
  result: 'warning',
  detail,
  mend,
});
export const fault = (check: string, detail: string, mend: string): Finding => ({
  check,
  result: 'fault',
  detail,
  mend,
});
