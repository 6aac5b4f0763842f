export { graphDigest } from './compile/digest.ts';
export { loadDag, loadDagFile, type Dag } from './compile/load.ts';
export { evaluate, renderText, renderValue, type Evaluated } from './expressions/evaluate.ts';
export { completeInputs, outputProblems } from './values/check-values.ts';
