import { DecoratorHandler, type Dispatcher } from 'undici';

/** The guard of a request said no when it was about to be written: certain that nothing was sent. */
export class WithheldError extends Error {}

/**
 * Asks once more in the very tick in which a request is written to its socket: before that it may have waited for a
 * connection or for its turn on one, 30 s and longer.
 */
export const guardedBy =
  (maySend: () => boolean): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) => {
    const guarded: Dispatcher.DispatchHandler = new DecoratorHandler(handler);
    const start = guarded.onRequestStart?.bind(guarded);
    guarded.onRequestStart = (controller, context) => {
      if (!maySend()) throw new WithheldError('withheld at the last moment');
      start?.(controller, context);
    };
    return dispatch(options, guarded);
  };
