/** One event of a stream, as the HTML standard defines them. `id` is that of the last event that carried one. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

export interface SseParser {
  /** Takes the next piece of text, cut anywhere; returns the events that it completed. */
  push(text: string): ServerSentEvent[];
}

interface Pending {
  event: string;
  data: string[];
  id: string;
}

const readLine = (line: string, pending: Pending): void => {
  const colon = line.indexOf(':');
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'data') pending.data.push(value);
  else if (field === 'event') pending.event = value;
  else if (field === 'id' && !value.includes('\0')) pending.id = value;
};

const dispatch = (pending: Pending): ServerSentEvent | null => {
  const { event, data, id } = pending;
  pending.event = '';
  pending.data = [];
  return data.length === 0 ? null : { event: event === '' ? 'message' : event, data: data.join('\n'), id };
};

/** Where the next line ends; null while that cannot be said: a CR at the very end may belong to a CRLF. */
const lineEnd = (text: string, from: number): { readonly end: number; readonly next: number } | null => {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\n') return { end: at, next: at + 1 };
    if (text[at] !== '\r') continue;
    if (at + 1 === text.length) return null;
    return { end: at, next: text[at + 1] === '\n' ? at + 2 : at + 1 };
  }
  return null;
};

/** A parser that begins with the id of an earlier connection. Comments and unknown fields are passed over. */
export const createSseParser = (lastEventId = ''): SseParser => {
  const pending: Pending = { event: '', data: [], id: lastEventId };
  let rest = '';
  return {
    push(text) {
      rest += text;
      const events: ServerSentEvent[] = [];
      let from = 0;
      for (let line = lineEnd(rest, from); line !== null; line = lineEnd(rest, from)) {
        const content = rest.slice(from, line.end);
        from = line.next;
        if (content !== '') readLine(content, pending);
        else {
          const event = dispatch(pending);
          if (event !== null) events.push(event);
        }
      }
      rest = rest.slice(from);
      return events;
    },
  };
};
