/** The site: repositories under policies, what is warmed, and how answers may be cached. The same in Workers and in Node. */
import type { Cache } from 'tidemark';
import {
  type Content,
  type ContentEnvironment,
  type ContentItem,
  contentRepository,
  type ContentRepository,
  createCatalogue,
  createContent,
  createWarmer,
  type Media,
  mediaRepository,
  type MediaRepository,
  type Query,
  type Session,
  sessionRepository,
  type SessionRepository,
  type Source,
  type User,
  userRepository,
  type UserRepository,
  warm,
  type Warmer,
} from 'tidemark/content';
import { type HttpContent, httpContent } from 'tidemark/content/http';

/** Where the truth is: tables of D1, or of a Postgres database. */
export interface Sources {
  readonly content: Source<ContentItem>;
  readonly users: Source<User>;
  readonly media: Source<Media>;
  readonly sessions: Source<Session>;
}

/** What a site is made with. */
export interface SiteOptions {
  readonly cache: Cache;
  readonly environment: ContentEnvironment;
  readonly sources: Sources;
  /** `waitUntil` in Workers. */
  readonly background?: (work: Promise<unknown>) => void;
}

/** A site. */
export interface Site {
  readonly content: Content;
  /** The truth itself, for what must not be answered from a cache. */
  readonly sources: Sources;
  /** Posts and pages, each in a collection of its own. */
  readonly entries: ContentRepository;
  readonly users: UserRepository;
  readonly media: MediaRepository;
  readonly sessions: SessionRepository;
  readonly warmer: Warmer;
  readonly http: HttpContent;
}

/** The list that the front page shows. */
export const frontPage: Query = {
  where: { collectionId: 'posts', status: 'published' },
  sort: ['-publishedAt'],
  limit: 10,
};

/** A site over a cache and the tables behind it. */
export function createSite({ cache, environment, sources, background }: SiteOptions): Site {
  const content = createContent({ cache, environment, debug: (line) => console.log(line) });
  const users = userRepository({ source: sources.users, name: 'user' }, (options) =>
    content.repository({ policy: 'user', ...options }),
  );
  const catalogue = createCatalogue({ cache, ...(background && { background }) });
  const entries = catalogue.watch(
    'entry',
    contentRepository(
      { source: sources.content, name: 'entry', relations: { author: { to: users, by: 'authorId' } } },
      (options) => content.repository({ policy: 'content', ...options }),
    ),
    { methods: ['findById', 'findMany', 'findBySlug'] },
  );
  const media = mediaRepository({ source: sources.media, name: 'media' }, (options) =>
    content.repository({ policy: 'media', ...options }),
  );
  const sessions = sessionRepository({ source: sources.sessions, name: 'session' }, (options) =>
    content.repository({ policy: 'session', ...options }),
  );

  const warmer = createWarmer({
    cache,
    catalogue,
    ...(background && { background }),
    plans: [
      {
        name: 'front page',
        priority: 10,
        on: ['startup', 'event:content.publish'],
        read: () => [warm.list(entries, frontPage)],
      },
      {
        name: 'published',
        priority: 5,
        on: ['event:content.publish'],
        read: ({ ids }) => ids.map((id) => warm.item(entries, id)),
      },
      { name: 'what is read most', on: ['startup', 'schedule'], read: ({ hottest }) => hottest(100) },
    ],
  });
  warmer.follow(content.events);

  const http = httpContent({
    cache,
    release: environment.version ?? '1',
    cached: (policy, key) => content.switches.allows(policy, key),
    policies: {
      content: { public: true, maxAge: 0, sMaxage: 60, staleWhileRevalidate: 600, staleIfError: 86_400 },
      user: { public: true, maxAge: 0, sMaxage: 60 },
      media: { public: true, maxAge: 300, sMaxage: 3600 },
    },
  });
  return { content, sources, entries, users, media, sessions, warmer, http };
}
