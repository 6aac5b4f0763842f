export {
  defineDag,
  type ApprovalRef,
  type DagBuilder,
  type DagOptions,
  type NodeOptions,
  type NodeRef,
} from './define-dag.ts';
export { expr, Ref, text, type WithRefs } from './ref.ts';
