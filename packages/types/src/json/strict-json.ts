import { printParseErrorCode, visit } from 'jsonc-parser';
import type { ErrorCode } from '../errors/catalogue.ts';
import { OrchestratorError } from '../errors/orchestrator-error.ts';
import { countProblems, cutProblems, type Problem } from '../errors/problems.ts';
import { limits } from '../vocabulary/limits.ts';
import { checkJson, fieldPath } from './check-json.ts';
import type { JsonValue } from './json-value.ts';

const malformed = (field: string, message: string): OrchestratorError =>
  new OrchestratorError('malformed_json', `${field}: ${message}`, [{ field, message }]);

const place = (line: number, column: number): string => `line ${line + 1}, column ${column + 1}`;

const decodeUtf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('body', 'is not valid UTF-8');
  }
};

const syntaxMessages: Readonly<Record<string, string>> = {
  InvalidSymbol: 'something stands here that JSON does not know',
  InvalidNumberFormat: 'this is not a number as JSON writes it',
  PropertyNameExpected: 'a name in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: "':' is expected here",
  CommaExpected: "',' is expected here",
  CloseBraceExpected: "'}' is expected here",
  CloseBracketExpected: "']' is expected here",
  EndOfFileExpected: 'nothing may follow the end of the value',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfString: 'the string does not end',
  InvalidEscapeCharacter: 'this escape does not exist in JSON',
  InvalidUnicode: '\\u needs four hexadecimal digits',
  InvalidCharacter: 'a control character must be escaped',
};

/** Walks the text once, before JSON.parse: syntax with its place, duplicate keys (JSON.parse keeps the last), depth. */
const scan = (text: string): void => {
  const openObjects: Set<string>[] = [];
  let depth = 0;
  const enter = (line: number, column: number): void => {
    depth += 1;
    // Thrown here, not collected: the walk is recursive, and 200,000 levels would overflow the stack.
    if (depth > limits.jsonDepth)
      throw malformed(place(line, column), `is nested more than ${limits.jsonDepth} levels deep`);
  };
  visit(
    text,
    {
      onError: (code, _offset, _length, line, column) => {
        throw malformed(
          place(line, column),
          syntaxMessages[printParseErrorCode(code)] ?? 'this is not valid JSON',
        );
      },
      onObjectBegin: (_offset, _length, line, column) => {
        enter(line, column);
        openObjects.push(new Set());
      },
      onObjectEnd: () => {
        depth -= 1;
        openObjects.pop();
      },
      onArrayBegin: (_offset, _length, line, column) => enter(line, column),
      onArrayEnd: () => {
        depth -= 1;
      },
      onObjectProperty: (key, _offset, _length, line, column, path) => {
        const keys = openObjects.at(-1);
        if (keys?.has(key) === true)
          throw malformed(place(line, column), `the key ${fieldPath([...path(), key])} stands there twice`);
        keys?.add(key);
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
};

/** Refuses a value that could not be stored and read back unchanged; throws `invalid_input` with every problem. */
export const assertStorable = (value: unknown): void => {
  const problems: readonly Problem[] = checkJson(value);
  if (problems.length > 0) throw invalidInput(problems);
};

/** An error about what was given: its message names the first problem, `problems` the first 20 and how many more there are. */
export const refusal = (code: ErrorCode, problems: readonly Problem[]): OrchestratorError => {
  const first = problems[0];
  const count = countProblems(problems);
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  const detail = first === undefined ? 'the input is refused' : `${first.field} ${first.message}${more}`;
  return new OrchestratorError(code, detail.trim(), cutProblems(problems));
};

/** The one error for input that breaks rules. */
export const invalidInput = (problems: readonly Problem[]): OrchestratorError =>
  refusal('invalid_input', problems);

/**
 * Decodes JSON that comes from outside, strictly: valid UTF-8, no duplicate keys, at most `limits.jsonDepth` levels,
 * and nothing that a database would alter or refuse. Throws `malformed_json` with line and column, or `invalid_input`.
 */
export const decodeJson = (bytes: Uint8Array): JsonValue => {
  const text = decodeUtf8(bytes);
  scan(text);
  const value = JSON.parse(text) as JsonValue;
  assertStorable(value);
  return value;
};
