/** A page of HTML: everything that comes from the outside is escaped. */
import type { Shown } from './app.ts';

/** What a page is sent as. */
export const html = (body: string): { readonly body: string; readonly type: string } => ({
  body,
  type: 'text/html; charset=utf-8',
});

/** The front page. */
export function page(title: string, posts: readonly Shown[]): string {
  const items = posts.map(
    ({ slug, title: name, author }) =>
      `<li><a href="/api/posts/${encodeURIComponent(slug)}">${escaped(name)}</a> by ${escaped(author?.name ?? 'nobody')}</li>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1><ul>${items.join('')}</ul></html>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}
