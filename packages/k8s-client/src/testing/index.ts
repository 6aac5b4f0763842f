export {
  startFakeApiServer,
  type FakeApiServer,
  type FakeFault,
  type FakeRequest,
} from './fake-api-server.ts';
export type { FakeKind, FakeObject, FakeStore } from './fake-store.ts';
