/** The source of truth: an embedded Postgres that lives in memory, its schema, its queries, and how many were asked. */
import { PGlite } from '@electric-sql/pglite';
import type { Catalogue } from './catalogue.ts';
import {
  type DependencyLine,
  type DependentLine,
  type DependentsPage,
  type Detail,
  type LicenceCount,
  type ListOptions,
  type ListPage,
  type PackageChange,
  type PackagePage,
  PAGE_SIZE,
  type Source,
  type Summary,
} from './model.ts';

const SCHEMA = `
  create table packages (
    id text primary key,
    name text not null,
    version text not null,
    description text not null,
    licence text not null,
    files integer not null,
    bytes bigint not null,
    partial boolean not null,
    largest jsonb not null
  );
  create table dependencies (
    package text not null references packages,
    name text not null,
    range text not null,
    kind text not null,
    target text references packages,
    primary key (package, name)
  );
  create index on packages (name, id);
  create index on packages (licence);
  create index on dependencies (target);
`;

const SUMMARY = 'p.id, p.name, p.version, p.description, p.licence';
const SUMMARY_OBJECT = `jsonb_build_object(
  'id', p.id, 'name', p.name, 'version', p.version, 'description', p.description, 'licence', p.licence)`;

/** The database of the catalogue. */
export class Database implements Source {
  queries = 0;
  readonly #pg: PGlite;

  private constructor(pg: PGlite) {
    this.#pg = pg;
  }

  /** Start an empty database in memory; takes some seconds. */
  static async open(): Promise<Database> {
    const pg = await PGlite.create();
    await pg.exec(SCHEMA);
    return new Database(pg);
  }

  /** Put a catalogue in. */
  async fill({ packages }: Catalogue): Promise<void> {
    const dependencies = packages.flatMap((one) => one.dependencies.map((to) => ({ package: one.id, ...to })));
    const insert = (table: string, rows: readonly object[]) =>
      this.#rows(`insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1)`, [rows]);
    await insert('packages', packages);
    await insert('dependencies', dependencies);
  }

  async package(id: string): Promise<PackagePage | null> {
    const [detail] = await this.#rows<Detail>('select * from packages where id = $1', [id]);
    if (!detail) return null;
    const dependencies = await this.#rows<DependencyLine>(
      `select d.name, d.range, d.kind, case when p.id is not null then ${SUMMARY_OBJECT} end as package
       from dependencies d left join packages p on p.id = d.target where d.package = $1 order by d.kind desc, d.name`,
      [id],
    );
    return { package: detail, dependencies };
  }

  async dependents(id: string): Promise<DependentsPage | null> {
    const [summary] = await this.#rows<Summary>(`select ${SUMMARY} from packages p where id = $1`, [id]);
    if (!summary) return null;
    const dependents = await this.#rows<DependentLine>(
      `select d.range, d.kind, ${SUMMARY_OBJECT} as package
       from dependencies d join packages p on p.id = d.package where d.target = $1 order by p.name, p.id`,
      [id],
    );
    return { package: summary, dependents };
  }

  list({ licence, page }: ListOptions): Promise<ListPage> {
    return this.#list('$1::text is null or p.licence = $1', licence ?? null, page);
  }

  search(text: string, page: number): Promise<ListPage> {
    return this.#list(
      'strpos(lower(p.name), lower($1)) > 0 or strpos(lower(p.description), lower($1)) > 0',
      text,
      page,
    );
  }

  licences(): Promise<readonly LicenceCount[]> {
    return this.#rows(
      'select licence, count(*)::int as packages from packages group by licence order by 2 desc, 1',
      [],
    );
  }

  async change(id: string, { description, licence }: PackageChange): Promise<Summary | undefined> {
    const [before] = await this.#rows<Summary>(
      `with p as (select * from packages where id = $1 for update)
       update packages set description = coalesce($2, p.description), licence = coalesce($3, p.licence)
       from p where packages.id = p.id returning ${SUMMARY}`,
      [id, description ?? null, licence ?? null],
    );
    return before;
  }

  async close(): Promise<void> {
    await this.#pg.close();
  }

  async #list(where: string, value: string | null, page: number): Promise<ListPage> {
    const [counted] = await this.#rows<{ total: number }>(
      `select count(*)::int as total from packages p where ${where}`,
      [value],
    );
    const packages = await this.#rows<Summary>(
      `select ${SUMMARY} from packages p where ${where} order by p.name, p.id limit ${PAGE_SIZE} offset $2`,
      [value, (page - 1) * PAGE_SIZE],
    );
    return { total: counted?.total ?? 0, page, packages };
  }

  async #rows<T>(sql: string, values: unknown[]): Promise<T[]> {
    this.queries++;
    const { rows } = await this.#pg.query<T>(sql, values);
    return rows;
  }
}
