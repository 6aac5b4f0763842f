import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDigestHeader, writeDigestHeader } from './address.ts';
import { createFrameReader, frameOutput } from './frame.ts';
import { jsonDepth, judgeOutput } from './judge-output.ts';
import { readReceipt, receiptResultBytes, writeReceipt } from './receipt.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const judge = (bytes: Uint8Array) => judgeOutput(bytes, sha256(bytes));
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('judging an output', () => {
  test('any JSON within the limits is delivered as it was written, with size and digest of its bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        fc.pre(!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text));
        const bytes = bytesOf(text);
        const ready = { kind: 'ready', value: JSON.parse(text) as unknown, bytes: bytes.byteLength };
        expect(judge(bytes)).toEqual({ ...ready, digest: sha256(bytes) });
      }),
    );
  });

  test('depth is counted outside of strings only, and 64 is the limit', () => {
    expect(jsonDepth('{"a[[[":"\\"[[",  "b":[{}]}')).toBe(3);
    expect(judge(bytesOf(nested(64))).kind).toBe('ready');
    expect(judge(bytesOf(nested(65)))).toMatchObject({
      message: expect.stringContaining('65 levels') as string,
    });
    expect(judge(bytesOf(nested(100_000))).kind).toBe('invalid');
  });

  test.each([
    ['nothing', new Uint8Array(), 'not valid JSON'],
    ['half a value', bytesOf('{"a":'), 'not valid JSON'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'UTF-8'],
    ['NUL in a string', bytesOf('{"a":["\\u0000"]}'), 'NUL'],
    ['NUL in a key', bytesOf('{"\\u0000":1}'), 'NUL'],
    ['half a surrogate pair', bytesOf('"\\ud800"'), 'surrogate'],
    ['a number beyond a double', bytesOf('{"a":1e400}'), 'too large'],
  ])('%s is invalid, and the message says why', (_, bytes, message) => {
    expect(judge(bytes)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('a receipt', () => {
  const note = fc.option(fc.string({ unit: 'grapheme', maxLength: 400 }));

  test('is read back as it was written, and fits into a termination message', () => {
    const left = fc
      .record({ content: fc.uint8Array({ maxLength: receiptResultBytes }), delivered: fc.boolean(), note })
      .map(({ content, ...rest }) => ({ content, ...rest }));
    fc.assert(
      fc.property(left, ({ content, delivered, note: why }) => {
        const digest = sha256(content);
        const written = writeReceipt({
          kind: 'left',
          bytes: content.byteLength,
          digest,
          delivered,
          result: content,
          note: why,
        });
        const read = readReceipt(written);
        expect(read).toMatchObject({ kind: 'left', bytes: content.byteLength, digest, delivered, note: why });
        expect(read?.kind === 'left' && Buffer.from(content).equals(read.result ?? Buffer.alloc(0))).toBe(
          true,
        );
      }),
    );
    const longest = { kind: 'left', bytes: 2_048, digest: 'a'.repeat(64), delivered: false } as const;
    const full = writeReceipt({ ...longest, result: randomBytes(2_048), note: 'x'.repeat(5_000) });
    expect(Buffer.byteLength(full)).toBeLessThanOrEqual(4_096);
  });

  test('carries no result above 2 KiB', () => {
    const content = randomBytes(receiptResultBytes + 1);
    const left = { kind: 'left', bytes: content.length, digest: sha256(content), delivered: true } as const;
    expect(readReceipt(writeReceipt({ ...left, result: content, note: null }))).toMatchObject({
      result: null,
    });
  });

  test('of no output and of a refused one are read back', () => {
    expect(readReceipt(writeReceipt({ kind: 'none' }))).toEqual({ kind: 'none' });
    const refused = { kind: 'refused', message: 'The output has 9 bytes; the limit is 8.' } as const;
    expect(readReceipt(writeReceipt(refused))).toEqual(refused);
  });

  test.each(['', 'Killed', '{"a":1}', '{"receipt":1,"kind":"left","bytes":1,"digest":"x"}', '[]', 'null'])(
    '%j is none',
    (text) => expect(readReceipt(text)).toBeNull(),
  );
});

describe('a framed output', () => {
  const read = (log: string, limit = 1_000_000) => {
    const reader = createFrameReader(limit);
    for (const line of log.split('\n')) reader.line(line);
    return reader.found();
  };

  test('is found in a log whatever stands around it', () => {
    const noise = fc.array(fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), noise, noise, (content, before, after) => {
        const digest = sha256(content);
        const found = read([...before, frameOutput(content, digest), ...after].join('\n'));
        expect(found?.digest).toBe(digest);
        expect(Buffer.from(content).equals(found?.content ?? Buffer.from('none'))).toBe(true);
      }),
    );
  });

  test('the last one counts; one that is cut off or above the limit is none', () => {
    const [first, second] = [randomBytes(10_000), randomBytes(10_000)];
    const [one, two] = [first, second].map((content) => frameOutput(content, sha256(content)));
    expect(read(`${one}${two}`)?.digest).toBe(sha256(second));
    expect(read(`${one}${two?.slice(0, -100)}`)?.digest).toBe(sha256(first));
    expect(read(`${one}`, 9_999)).toBeNull();
  });

  test('has lines that no container runtime cuts', () => {
    const lines = frameOutput(randomBytes(200_000), 'a'.repeat(64)).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(4_096);
  });
});

test('the digest header is read back as it was written, and anything else is none', () => {
  const digest = sha256(bytesOf('x'));
  expect(readDigestHeader(writeDigestHeader(digest))).toBe(digest);
  expect(readDigestHeader(`sha-512=:AAAA:, ${writeDigestHeader(digest)}`)).toBe(digest);
  expect(readDigestHeader('sha-256=:AAAA:')).toBeNull();
});
