/** What tests of warming need: a source that counts and can be held, and a repository over it. */
import type { Cache } from 'tidemark';
import { createRepository, memorySource, type Repository, type Source } from 'tidemark/content';

export interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

export const published = { where: { status: 'published' }, sort: ['title'], limit: 10 } as const;

/** A door that is open, or shut until it is opened. */
export class Door {
  #shut: Promise<void> | undefined;
  #open: () => void = () => {};

  shut(): void {
    this.#shut ??= new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
    this.#shut = undefined;
  }

  async pass(): Promise<void> {
    await this.#shut;
  }
}

/** The truth: it counts its reads, and an answer passes the door once it has been made. */
export class Table {
  readonly door: Door = new Door();
  readonly source: Source<Post>;
  readonly #items: Source<Post> = memorySource<Post>();
  reads = 0;
  underWay = 0;
  most = 0;

  constructor() {
    const items = this.#items;
    this.source = {
      ...items,
      findByIds: (...asked) => this.#read(() => items.findByIds(...asked)),
      findMany: (...asked) => this.#read(() => items.findMany(...asked)),
      count: (...asked) => this.#read(() => items.count(...asked)),
    };
  }

  /** Write without anybody being told: for what is there before a test begins. */
  async fill(count: number): Promise<this> {
    await this.#items.create(Array.from({ length: count }, (_, i) => post(String(i))));
    return this;
  }

  repository(cache: Cache): Repository<Post> {
    return createRepository<Post>({ cache, name: 'post', source: this.source, fields: { status: 'text' } });
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.reads++;
    this.most = Math.max(this.most, ++this.underWay);
    const answer = await read();
    await this.door.pass();
    this.underWay--;
    return answer;
  }
}

export const post = (id: string, title = `post ${id}`): Post => ({ id, title, status: 'published' });
