import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { startPostgres } from '../../packages/postgres/dist/testing/index.js';

/** Durable, as in production: a commit is on disk before it is acknowledged. The same server serves every system. */
export const serverSettings = {
  shared_buffers: '512MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  max_wal_size: '4GB',
};

export const startServer = () => startPostgres(serverSettings);

/** Runs statements one by one on a connection of their own; returns the rows of the last. */
export const onDatabase = async (url, ...statements) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
};

/** Makes an empty database and returns its url. */
export const createDatabase = async (serverUrl) => {
  const name = `bench_${randomUUID().replaceAll('-', '')}`;
  await onDatabase(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
};

export const dropDatabase = (serverUrl, url) =>
  onDatabase(serverUrl, `drop database ${new URL(url).pathname.slice(1)} with (force)`);

/** What every system gets between filling a queue and draining it. */
export const settle = (url) => onDatabase(url, 'checkpoint', 'vacuum analyze');

/** Rows written so far, leases apart: one row per executor and beat, whatever the number of jobs. */
export const rowsWritten = async (url) => {
  const [{ written }] = await onDatabase(
    url,
    'select pg_stat_clear_snapshot()',
    `select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int as written
     from pg_stat_user_tables where relname <> 'executors'`,
  );
  return written;
};
