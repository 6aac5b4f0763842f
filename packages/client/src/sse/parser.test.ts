import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser, type ServerSentEvent } from './parser.ts';

const parseWhole = (text: string): ServerSentEvent[] => createSseParser().push(text);

/** Any stream of lines, well-formed or not, with every kind of line end. */
const streams = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          '',
          'data: a',
          'data:b',
          'data',
          'event: log',
          'id: 7',
          'id',
          ': comment',
          'nonsense: x',
        ),
        fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' ')),
      ),
      fc.constantFrom('\n', '\r\n', '\r'),
    ),
  )
  .map((lines) => lines.map(([line, end]) => line + end).join(''));

describe('parser of server-sent events', () => {
  it('gives the same events wherever the stream is cut', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat()), (stream, cuts) => {
        const parser = createSseParser();
        const places = [
          0,
          ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b),
          stream.length,
        ];
        const events = places
          .slice(1)
          .flatMap((place, index) => parser.push(stream.slice(places[index], place)));
        // A CR at the very end may be half of a CRLF, so the last event may still be held back; a line end frees it.
        expect([...events, ...parser.push('\n')]).toEqual(createSseParser().push(`${stream}\n`));
      }),
    );
  });

  it('joins data lines, keeps the id for later events and drops events without data', () => {
    expect(parseWhole('id: 1\nevent: text\ndata: a\ndata: b\n\nevent: nothing\n\ndata: c\n\n')).toEqual([
      { event: 'text', data: 'a\nb', id: '1' },
      { event: 'message', data: 'c', id: '1' },
    ]);
  });

  it('begins with the id of the connection before', () => {
    expect(createSseParser('41').push('data: x\n\n')).toEqual([{ event: 'message', data: 'x', id: '41' }]);
  });

  it('passes over comments and over an id with NUL', () => {
    expect(parseWhole(': beat\n\nid: a\0b\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x', id: '' }]);
  });
});
