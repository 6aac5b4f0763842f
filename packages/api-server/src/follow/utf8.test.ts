import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUtf8Pieces, incompleteBytes, leadingContinuations } from './utf8.ts';

const cutInto = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

describe('decoding a log in pieces', () => {
  it('gives text that was cut anywhere unharmed, each piece whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat()), (text, cuts) => {
        const pieces = createUtf8Pieces();
        const told = cutInto(new TextEncoder().encode(text), cuts).map((bytes) => pieces.push(bytes));
        expect(told.map((piece) => piece.text).join('')).toBe(text);
        for (const piece of told) expect(Buffer.byteLength(piece.text)).toBe(piece.bytes);
        expect(pieces.flush()).toEqual({ text: '', bytes: 0 });
      }),
    );
  });

  it('gives any bytes as the standard decoder does, and accounts for each byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(fc.nat()), (bytes, cuts) => {
        const pieces = createUtf8Pieces();
        const told = [...cutInto(bytes, cuts).map((part) => pieces.push(part)), pieces.flush()];
        expect(told.map((piece) => piece.text).join('')).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
        );
        expect(told.reduce((sum, piece) => sum + piece.bytes, 0)).toBe(bytes.length);
      }),
    );
  });

  it('keeps its own copy of what it holds back', () => {
    const pieces = createUtf8Pieces();
    const buffer = new TextEncoder().encode('aé');
    expect(pieces.push(buffer.subarray(0, 2))).toEqual({ text: 'a', bytes: 1 });
    const rest = buffer.slice(2);
    buffer.fill(0);
    expect(pieces.push(rest)).toEqual({ text: 'é', bytes: 2 });
  });

  it('finds the rest of a code point that was cut', () => {
    const euro = new TextEncoder().encode('€');
    expect([0, 1, 2].map((cut) => leadingContinuations(euro.subarray(cut)))).toEqual([0, 2, 1]);
    expect([1, 2, 3].map((length) => incompleteBytes(euro.subarray(0, length)))).toEqual([1, 2, 0]);
  });
});
