export { evaluate, renderText, renderValue, type Evaluated } from './expressions/evaluate.ts';
export { functionNames, macroNames } from './expressions/environment.ts';
export { attempt } from './expressions/fault.ts';
export { usesOf } from './expressions/references.ts';
export { soleExpression } from './expressions/template.ts';
