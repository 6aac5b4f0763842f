export { checkAccess, type Access, type NamespaceState } from './check-access.ts';
export type { CollectorSettings } from './collector/container.ts';
export { createTokenReviewer } from './collector/review-token.ts';
export { loadCredentials, type CredentialOptions } from './credentials/load-credentials.ts';
export type { Credentials, Identity, TlsMaterial } from './credentials/credentials.ts';
export {
  createKubernetesLogs,
  createKubernetesRuntime,
  type KubernetesOptions,
} from './runtime/create-runtime.ts';
