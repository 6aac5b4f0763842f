export * from './catalogue.ts';
export * from './orchestrator-error.ts';
export * from './problems.ts';
