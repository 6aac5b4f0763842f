import { limits, namePattern } from '@job-orchestrator/types';
import type { ListenAddress } from './config.ts';
import { allowedToken, isToken } from './token-text.ts';

/** A parsed value, or what would have been allowed. */
export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly allowed: string };
export type Parser<Value> = (text: string) => Parsed<Value>;

const accept = <Value>(value: Value): Parsed<Value> => ({ ok: true, value });
const refuse = (allowed: string): Parsed<never> => ({ ok: false, allowed });

/** A whole decimal number in a range; no signs, exponents or units. */
export const wholeNumber =
  (least: number, most: number): Parser<number> =>
  (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most
      ? accept(value)
      : refuse(`a whole number from ${least} to ${most}`);
  };

/** `ALL`, or a whole number in a range. */
export const wholeNumberOrAll = (least: number, most: number): Parser<number | 'ALL'> => {
  const number = wholeNumber(least, most);
  return (text) => {
    if (text === 'ALL') return accept(text);
    const parsed = number(text);
    return parsed.ok ? parsed : refuse(`"ALL" or ${parsed.allowed}`);
  };
};

/** One word of a list. */
export const oneOf =
  <Word extends string>(words: readonly Word[]): Parser<Word> =>
  (text) => {
    const found = words.find((word) => word === text);
    return found === undefined ? refuse(words.map((word) => `"${word}"`).join(' or ')) : accept(found);
  };

export const trueOrFalse: Parser<boolean> = (text) =>
  text === 'true' || text === 'false' ? accept(text === 'true') : refuse('"true" or "false"');

const nameRegex = new RegExp(namePattern);
const isName = (text: string): boolean => text.length <= limits.nameChars && nameRegex.test(text);
const nameRule = `lower-case letters, digits and "-", at most ${limits.nameChars} characters`;

/** A DNS-1123 label. */
export const dnsLabel: Parser<string> = (text) => (isName(text) ? accept(text) : refuse(nameRule));

/** `ALL`, or topics separated by commas. */
export const topicList: Parser<readonly string[] | null> = (text) => {
  if (text === 'ALL') return accept(null);
  const names = text.split(',').map((name) => name.trim());
  const fine = names.every(isName) && new Set(names).size === names.length;
  return fine ? accept(names) : refuse(`"ALL", or different topics separated by commas, each of ${nameRule}`);
};

/** What names an executor: a host name fits. */
export const instanceName: Parser<string> = (text) =>
  text.length <= 128 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text)
    ? accept(text)
    : refuse('letters, digits, "-", "_" and ".", at most 128 characters');

const urlOf =
  (protocols: readonly string[], allowed: string): Parser<string> =>
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    return url !== null && protocols.includes(url.protocol) ? accept(text) : refuse(allowed);
  };

export const postgresUrl = urlOf(['postgres:', 'postgresql:'], 'postgres://USER:PASSWORD@HOST:PORT/DATABASE');
export const httpUrl = urlOf(['http:', 'https:'], 'http://HOST:PORT or https://HOST:PORT');

/** `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (every interface). */
export const listenAddress: Parser<ListenAddress> = (text) => {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || !(port <= 65_535)) return refuse('HOST:PORT with a port from 0 to 65535');
  return accept({ host: match[1] ?? (match[2] || '0.0.0.0'), port });
};

/** Any line of text without control characters. */
export const line =
  (allowed: string): Parser<string> =>
  (text) =>
    // eslint-disable-next-line no-control-regex -- control characters are what is refused here
    text.length <= 4_096 && !/[\u0000-\u001f\u007f]/.test(text) ? accept(text) : refuse(allowed);

/** A reference to an image: no blanks, at most 512 characters. */
export const imageReference: Parser<string> = (text) =>
  text.length <= limits.imageReferenceChars && /^[!-~]+$/.test(text)
    ? accept(text)
    : refuse(`an image reference without blanks, at most ${limits.imageReferenceChars} characters`);

/** A secret that fits into a header: 16 to 512 printable characters without blanks. */
export const token: Parser<string> = (text) => (isToken(text) ? accept(text) : refuse(allowedToken));
