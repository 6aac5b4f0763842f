import {
  isTemplateFault,
  readExpression,
  readTemplate,
  type SoleExpression,
  type TemplateFault,
  type TemplatePart,
} from '@job-orchestrator/types';
import { refuse } from './fault.ts';

export { isTemplate } from '@job-orchestrator/types';

const orRefuse = <Read extends object>(read: Read | TemplateFault): Read =>
  isTemplateFault(read) ? refuse(read.message, read.offset) : read;

/** Splits a template into text and expressions. Throws ExpressionError for an expression that does not end. */
export const parseTemplate = (text: string): readonly TemplatePart[] => orRefuse(readTemplate(text));

/**
 * The expression of a field that holds one and nothing else (`when`, `forEach`): `${{ x }}`, or plain `x`.
 * Throws ExpressionError where text stands beside it.
 */
export const soleExpression = (text: string): SoleExpression => orRefuse(readExpression(text));
