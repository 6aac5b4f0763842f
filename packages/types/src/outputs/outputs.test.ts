import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../vocabulary/limits.ts';
import { readDigestHeader, writeDigestHeader } from './address.ts';
import { createFrameReader, frameOutput } from './frame.ts';
import { jsonDepth, judgeOutput } from './judge-output.ts';
import { contentTypeOf, outputNameFault } from './names.ts';
import { outputType, packHeaderBytes, packOutput, unpackOutput } from './pack.ts';
import { readReceipt, receiptResultBytes, writeReceipt } from './receipt.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const judge = (bytes: Uint8Array) => judgeOutput(bytes, sha256);
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('judging an output', () => {
  test('any JSON within the limits is delivered as it was written, with size and digest of its bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        fc.pre(!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text));
        const bytes = bytesOf(text);
        const result = { text, bytes: bytes.byteLength, digest: sha256(bytes) };
        expect(judge(bytes)).toEqual({ kind: 'ready', result, files: [] });
      }),
    );
  });

  test('a byte order mark is no part of a result', () => {
    const digest = sha256(bytesOf('1'));
    expect(judge(bytesOf('\ufeff1'))).toMatchObject({ result: { text: '1', bytes: 1, digest } });
  });

  test('what is called JSON must be, whatever else is there may hold anything', () => {
    const bad = [{ name: 'model.json', content: bytesOf('{"a":') }];
    expect(judge(packOutput(bad))).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/^The output file model\.json is not valid JSON: /) as string,
    });
    const files = [
      { name: 'data.bin', content: Uint8Array.of(0, 255, 10) },
      { name: 'model.json', content: bytesOf('[1]') },
      { name: 'result.json', content: bytesOf(' 1 ') },
    ];
    expect(judge(packOutput(files))).toMatchObject({
      kind: 'ready',
      result: { text: ' 1 ', bytes: 3 },
      files: [
        { name: 'data.bin', digest: sha256(Uint8Array.of(0, 255, 10)) },
        { name: 'model.json', digest: sha256(bytesOf('[1]')) },
      ],
    });
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

describe('a packed output', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
  const files = fc.uniqueArray(fc.record({ name, content: fc.uint8Array({ maxLength: 2_000 }) }), {
    selector: (file) => file.name,
    minLength: 1,
    maxLength: 30,
  });
  const plain = (found: ReturnType<typeof unpackOutput>) =>
    typeof found === 'string' ? found : found.map((file) => [file.name, [...file.content]]);

  test('is unpacked to the same files, and a result alone is packed as it is', () => {
    fc.assert(
      fc.property(files, (some) => {
        expect(plain(unpackOutput(packOutput(some)))).toEqual(plain(some));
      }),
    );
    const alone = bytesOf('{"a":1}');
    expect(packOutput([{ name: 'result.json', content: alone }])).toBe(alone);
    expect(outputType(alone)).toBe('application/json');
  });

  test('has a header within its bound, whatever the names', () => {
    const many = Array.from({ length: limits.outputFilesMost }, (_, index) => ({
      name: String(index).padStart(limits.outputNameChars, '0'),
      content: new Uint8Array(0),
    }));
    expect(packOutput(many).byteLength).toBeLessThanOrEqual(packHeaderBytes);
    expect(plain(unpackOutput(packOutput(many)))).toHaveLength(limits.outputFilesMost);
  });

  const first = 'job-orchestrator-outputs 1\n';
  test.each([
    ['no header', first],
    ['no file', `${first}[]\n`],
    ['a header that is not JSON', `${first}[{]\n`],
    ['a size below zero', `${first}[{"name":"a","bytes":-1}]\n`],
    ['more than is there', `${first}[{"name":"a","bytes":2}]\nx`],
    ['less than is there', `${first}[{"name":"a","bytes":1}]\nxy`],
    ['the same name twice', `${first}[{"name":"a","bytes":1},{"name":"a","bytes":1}]\nxy`],
  ])('with %s is refused', (_, text) => {
    expect(unpackOutput(bytesOf(text))).toContain('not packed');
  });

  test('any bytes at all are unpacked or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, marked) => {
        const packed = marked ? Buffer.concat([bytesOf(first), noise]) : noise;
        const found = unpackOutput(packed);
        if (typeof found === 'string') return;
        const bytes = found.reduce((sum, { content }) => sum + content.byteLength, 0);
        expect(bytes).toBeLessThanOrEqual(packed.byteLength);
      }),
    );
  });

  test.each(['../etc/passwd', 'a/b', '..', '.hidden', '-rf', 'a\u0000', 'ä.txt', 'a b', '\u001b[2J', ''])(
    'with a file named %j is refused by that name',
    (bad) => {
      const header = JSON.stringify([{ name: bad, bytes: 1 }]);
      expect(unpackOutput(bytesOf(`${first}${header}\nx`))).toContain(JSON.stringify(bad));
      expect(outputNameFault(bad)).toContain('allowed are letters');
    },
  );

  test('a name has 128 characters at most', () => {
    expect(outputNameFault('x'.repeat(128))).toBeNull();
    expect(outputNameFault('x'.repeat(129))).toContain('129 characters; the limit is 128');
  });
});

test('the content type of a file follows from its name, and none that a browser would run is given', () => {
  expect(contentTypeOf('a.json')).toBe('application/json');
  expect(contentTypeOf('A.CSV')).toBe('text/csv; charset=utf-8');
  for (const name of ['a.html', 'a.svg', 'a.xml', 'a.js', 'a', 'a.constructor', 'a.bin', 'json'])
    expect(contentTypeOf(name)).toBe('application/octet-stream');
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
