/** Something to show: authors, posts and pages, files. The same each time. */
import type { ContentItem, Media, User } from 'tidemark/content';

/** What a site begins with. */
export interface Seed {
  readonly users: readonly User[];
  readonly content: readonly ContentItem[];
  readonly media: readonly Media[];
}

const FIRST = Date.parse('2026-01-01T00:00:00.000Z');
const at = (hours: number): string => new Date(FIRST + hours * 3_600_000).toISOString();
const AUTHORS = ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov', 'Radia Perlman'];
const WORDS = ['tides', 'marks', 'stamps', 'harbours', 'beacons', 'currents', 'moorings', 'soundings'];

/** `posts` posts, one in ten of them a draft, and what belongs to them. */
export function seed(posts: number): Seed {
  const users = AUTHORS.map((name, i): User => {
    const email = `${name.split(' ')[0].toLowerCase()}@example.com`;
    return {
      id: `u${i + 1}`,
      email,
      name,
      role: i === 0 ? 'admin' : 'author',
      active: true,
      createdAt: at(0),
      updatedAt: at(0),
    };
  });
  const entry = (id: string, collectionId: string, i: number, title: string, status: string): ContentItem => ({
    id,
    collectionId,
    slug: collectionId === 'pages' ? title.toLowerCase() : `${WORDS[i % WORDS.length]}-${i + 1}`,
    title,
    status,
    data: { body: `${title}. `.repeat(20) },
    authorId: users[i % users.length].id,
    createdAt: at(i),
    updatedAt: at(i),
    publishedAt: status === 'published' ? at(i) : null,
  });
  const content = [
    ...Array.from({ length: posts }, (_, i) =>
      entry(
        `p${i + 1}`,
        'posts',
        i,
        `On ${WORDS[i % WORDS.length]}, part ${i + 1}`,
        i % 10 === 9 ? 'draft' : 'published',
      ),
    ),
    ...['About', 'Imprint', 'Contact'].map((title, i) => entry(`page${i + 1}`, 'pages', i, title, 'published')),
  ];
  const media = Array.from({ length: 20 }, (_, i): Media => ({
    id: `m${i + 1}`,
    filename: `tide-${String(i + 1).padStart(2, '0')}.jpg`,
    mimeType: 'image/jpeg',
    size: 40_000 + 977 * i,
    folder: i < 12 ? 'images' : 'archive',
    uploadedBy: users[i % users.length].id,
    alt: null,
    createdAt: at(i),
  }));
  return { users, content, media };
}
