/** What one request needs to be believed; strings are PEM. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** TLS of a connection. Absent `ca`: the machine's own trust store. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecure?: boolean;
}

/** Who we are to which API server. */
export interface Credentials {
  /** The server's address, with its path prefix where there is one. */
  readonly server: string;
  /** Where these credentials come from, for people. */
  readonly source: string;
  /** What to send now; refreshed when it is about to expire. Rejects with `runtime_unavailable` when it cannot be had. */
  identity(): Promise<Identity>;
  /** The server refused the identity (401): fetch a new one the next time. */
  invalidate(): void;
}

/** A bearer token or client certificate that may change while we run. */
export interface IdentitySource {
  get(): Promise<{
    readonly headers?: Readonly<Record<string, string>>;
    readonly cert?: string;
    readonly key?: string;
  }>;
  invalidate(): void;
}
