export {
  createCollectorListener,
  type CollectorListener,
  type CollectorListenerOptions,
} from './collector/listener.ts';
export type { Timings } from './context.ts';
export { createApiServer, type ApiServer, type ApiServerOptions, type ListenAddress } from './server.ts';
