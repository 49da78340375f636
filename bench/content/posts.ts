/** The posts that content is measured with: of 878 bytes as JSON, twenty of them an answer of 18 kB. */
import type { Query } from 'tidemark/content';

/** A post, as a CMS keeps one. */
export interface Post {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  readonly slug: string;
  readonly status: 'published' | 'draft';
  readonly authorId: string;
  readonly body: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const BYTES = 878;

/** How many sections they are in. */
export const SECTIONS = 50;

/** The columns of their table. */
export const COLUMNS = {
  id: 'text',
  section: 'text',
  title: 'text',
  slug: 'text',
  status: 'text',
  authorId: 'text',
  body: 'text',
  createdAt: 'number',
  updatedAt: 'number',
} as const;

/** The fields by which lists are told apart. */
export const FIELDS = { section: 'text', status: 'text', authorId: 'text' } as const;

/** The post of a number. */
export function post(n: number): Post {
  const made = {
    id: String(n),
    section: `section-${n % SECTIONS}`,
    title: `What the tide left behind, part ${n}`,
    slug: `what-the-tide-left-behind-${n}`,
    status: n % 11 === 0 ? ('draft' as const) : ('published' as const),
    authorId: `author-${n % 97}`,
    body: '',
    createdAt: 1_700_000_000_000 + n,
    updatedAt: 1_700_000_500_000 + n,
  };
  const rest = BYTES - JSON.stringify(made).length;
  return { ...made, body: 'The sea was calm. '.repeat(1 + rest / 18).slice(0, rest) };
}

/** Twenty posts. */
export function posts(from = 0): Post[] {
  return Array.from({ length: 20 }, (_, i) => post(from + i));
}

/** The newest of a section. */
export function sectionQuery(n: number): Query {
  return { where: { section: `section-${n % SECTIONS}`, status: 'published' }, sort: ['-createdAt'], limit: 20 };
}
