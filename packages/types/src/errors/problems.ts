/**
 * One broken rule: where (a path such as `jobs[0].env.HOME`), what, the limit, and the value found (shortened).
 * `excerpt`: the line of the file with a caret under the spot, as lines of text. `more`: this one stands for so many
 * that are not told.
 */
export interface Problem {
  readonly field: string;
  readonly message: string;
  readonly limit?: number | string;
  readonly value?: string;
  readonly excerpt?: string;
  readonly more?: number;
}

/** At most so many are told at once: the rest would bury the first, and often follows from them. */
const mostProblems = 20;

const rest = (more: number): readonly Problem[] =>
  more === 0 ? [] : [{ field: '', message: `and ${more} more`, more }];

/** The first of many things as problems, and of the others how many they are. */
export const firstProblems = <Thing>(
  things: readonly Thing[],
  tell: (thing: Thing) => Problem,
): readonly Problem[] => [
  ...things.slice(0, mostProblems).map(tell),
  ...rest(Math.max(0, things.length - mostProblems)),
];

/** How many problems these are, those counted that are not told. */
export const countProblems = (problems: readonly Problem[]): number =>
  problems.reduce((sum, { more = 1 }) => sum + more, 0);

/** Changes each problem that is told. */
export const mapProblems = (
  problems: readonly Problem[],
  change: (problem: Problem) => Problem,
): readonly Problem[] => problems.map((problem) => (problem.more === undefined ? change(problem) : problem));

/** The first of these, and of the others how many they are. */
export const cutProblems = (problems: readonly Problem[]): readonly Problem[] => {
  const told = problems.filter(({ more }) => more === undefined).slice(0, mostProblems);
  return [...told, ...rest(countProblems(problems) - told.length)];
};
