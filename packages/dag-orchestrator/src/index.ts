export { graphDigest } from './compile/digest.ts';
export { loadDag, loadDagFile, type Dag } from './compile/load.ts';
export { placesIn, type PlaceProblem } from './define/place-faults.ts';
export { evaluate, renderText, renderValue, type Evaluated } from './expressions/evaluate.ts';
export { suspicions } from './validate/suspicions.ts';
export { completeInputs, outputProblems } from './values/check-values.ts';
export { diffDags, type DagChange } from './compile/diff.ts';
export type { NodeMark, NodeMarks } from './render/marks.ts';
export { renderSvg } from './render/svg.ts';
export { renderDot, renderMermaid } from './render/text-formats.ts';
export { dagRules } from './run/dag-rules.ts';
export { createScheduler, type Scheduler, type SchedulerDependencies } from './schedule/scheduler.ts';
export {
  createDagOrchestrator,
  type DagOrchestrator,
  type DagOrchestratorDependencies,
} from './run/orchestrator.ts';
