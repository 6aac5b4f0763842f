export * from './catalogue.ts';
export * from './orchestrator-error.ts';
