/** The shop's own database: PostgreSQL, here inside this process, in a folder. */
import { PGlite } from '@electric-sql/pglite'

export type Database = PGlite

const schema = `
  create table if not exists orders (
    id text primary key,
    customer text not null,
    placed_at timestamptz not null default now()
  );
  create table if not exists outbox (
    -- Also the idempotency key: two submits of one row make one task.
    id uuid primary key default gen_random_uuid(),
    place bigint generated always as identity,
    command text not null,
    arguments jsonb not null,
    task_id text,
    refusal text
  );
  create index if not exists outbox_open on outbox (place) where task_id is null and refusal is null;
`

export async function openDatabase(folder: string): Promise<Database> {
  const database = await PGlite.create(folder)
  await database.exec(schema)
  return database
}
