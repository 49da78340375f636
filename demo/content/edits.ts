/** Editing: a write falls on what it could have changed, and on nothing else; and nobody overwrites anybody. */
import type { ContentItem } from 'tidemark/content';
import type { ContentStage } from './stage.ts';

/** Write drafts, publish them, rename an author, and have two editors meet. */
export async function showEdits({ checks, reader, editor, counting }: ContentStage): Promise<void> {
  const front = () => reader.get('/');
  await front();
  await reader.get('/api/posts?author=u2');

  const made = await editor.send('POST', '/api/admin/posts', { title: 'High tide', slug: 'high-tide', authorId: 'u1' });
  const draft = made.json() as ContentItem;
  const unseen = await reader.get('/api/posts/high-tide');
  const untouched = await counting(front);
  checks.add(
    'a new draft: the front page stays',
    `${untouched.statements} statements`,
    made.status === 201 && untouched.statements === 0 && unseen.status === 404,
  );

  await editor.send('POST', `/api/admin/posts/${draft.id}/publish`);
  const published = await front();
  const elsewhere = await counting(() => reader.get('/api/posts?author=u2'));
  checks.add(
    'published: it is on the front page',
    published.text.includes('High tide') ? 'at once' : 'it is not there',
    published.text.includes('High tide') && (await reader.get('/api/posts/high-tide')).status === 200,
  );
  checks.add("another author's list stays", `${elsewhere.statements} statements`, elsewhere.statements === 0);

  await editor.send('PATCH', '/api/admin/users/u1', { name: 'Ada King' });
  const renamed = await front();
  checks.add(
    'an author is renamed: so on every post',
    renamed.text.includes('by Ada King') ? 'at once' : 'not everywhere',
    renamed.text.includes('by Ada King') && !renamed.text.includes('Ada Lovelace'),
  );

  const path = `/api/admin/posts/${draft.id}`;
  const { etag = '' } = await editor.get(path);
  const saves = await Promise.all(
    ['one', 'the other'].map((who) =>
      editor.send('PATCH', path, { title: `High tide, by ${who}` }, { 'if-match': etag }),
    ),
  );
  const statuses = saves.map(({ status }) => status).toSorted((a, b) => a - b);
  checks.add('two editors save over the same version', statuses.join(' and '), String(statuses) === '200,412');

  await editor.send('POST', `${path}/unpublish`);
  const gone = await reader.get('/api/posts/high-tide');
  checks.add('withdrawn', `${gone.status}`, gone.status === 404 && !(await front()).text.includes('High tide'));
}
