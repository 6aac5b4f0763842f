import type { OrchestratorError, Problem } from '@job-orchestrator/types';
import { errorCatalogue, toProblemDetails } from '@job-orchestrator/types/errors';
import { fitExcerpt } from './excerpt.ts';
import { safeJson, safeLine } from './sanitize.ts';
import type { Colours } from './screen.ts';
import { wrapText } from './wrap.ts';

/** Nothing of it would be seen. */
const isBlank = (value: string): boolean => safeLine(value).trim() === '';

const problemLine = ({ field, message, limit, value }: Problem): string => {
  const facts = [
    ...(limit === undefined || message.includes(String(limit)) ? [] : [`allowed: ${limit}`]),
    ...(value === undefined ? [] : [`found: ${isBlank(value) ? JSON.stringify(value) : value}`]),
  ];
  return safeLine(
    `${field === '' ? '' : `${field}: `}${message}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`,
  );
};

/** True where the detail is no more than the first problem, as `invalidInput` makes it. */
const repeats = (detail: string, [first]: readonly Problem[]): boolean =>
  first !== undefined &&
  [/^$/, /^ \(and \d+ more\)$/].some((rest) => {
    const start = `${first.field} ${first.message}`.trim();
    return detail.startsWith(start) && rest.test(detail.slice(start.length));
  });

const detailLines = (error: OrchestratorError, title: string): string[] => {
  const { message, problems } = error;
  if (message === '' || message === title || repeats(message, problems)) return [];
  return [safeLine(message)];
};

const indented = (text: string, columns: number): string[] =>
  wrapText(text, Math.max(20, columns - 4)).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`));

const excerptLines = ({ excerpt }: Problem, columns: number): string[] =>
  excerpt === undefined
    ? []
    : fitExcerpt(excerpt, Math.max(20, columns - 4)).map((line) => `    ${safeLine(line)}`);

/** Where problems are listed, that they are has no need to be said. */
const isGeneral = ({ code, hint, problems }: OrchestratorError): boolean =>
  problems.length > 0 && code === 'invalid_input' && hint === errorCatalogue.invalid_input.hint;

/** An error for people: what was wrong, where, the limit, and what to do. */
export const errorText = (error: OrchestratorError, columns: number, colours: Colours): string => {
  const { title } = errorCatalogue[error.code];
  return [
    `${colours.red('error')}: ${title} (${error.code})`,
    ...detailLines(error, title).flatMap((line) => indented(line, columns)),
    ...error.problems.flatMap((problem) => [
      ...indented(problemLine(problem), columns),
      ...excerptLines(problem, columns),
    ]),
    ...(isGeneral(error) ? [] : [`${colours.cyan('hint')}: ${error.hint}`]),
  ].join('\n');
};

/** The same for machines: problem details as the API sends them. */
export const errorJson = (error: OrchestratorError): string => safeJson(toProblemDetails(error));
