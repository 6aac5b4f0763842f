export { decideAttempt, type DecisionInput } from './decide/decide-attempt.ts';
