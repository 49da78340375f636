/** Reading: once from the database, then from memory, and for who has it already not at all. */
import type { ContentStage } from './stage.ts';

const TIMES = 500;
const AT_ONCE = 100;

/** Ask for the same again and again, at once, and under conditions. */
export async function showReading({ checks, reader, counting }: ContentStage): Promise<void> {
  const cold = await counting(() => reader.get('/'));
  checks.add(
    'the front page, cold',
    `${cold.statements} statements`,
    cold.result.status === 200 && cold.statements > 0,
  );

  const warm = await counting(async () => {
    for (let i = 0; i < TIMES; i++) await reader.get('/');
  });
  checks.add(`the same, ${TIMES} times more`, `${warm.statements} statements`, warm.statements === 0);

  const { statements } = await counting(() =>
    Promise.all(Array.from({ length: AT_ONCE }, () => reader.get('/api/posts/marks-2'))),
  );
  const alone = await counting(() => reader.get('/api/posts/harbours-4'));
  checks.add(
    `a cold post, ${AT_ONCE} at once`,
    `${statements} statements, as for one`,
    statements === alone.statements && statements > 0,
  );

  const first = await reader.get('/api/posts/marks-2');
  const again = await counting(() => reader.get('/api/posts/marks-2', { 'if-none-match': first.etag ?? '' }));
  checks.add(
    'with its ETag: 304',
    `${again.statements} statements, ${again.result.text.length} bytes`,
    again.result.status === 304 && again.statements === 0 && again.result.text === '',
  );

  const missing = await counting(async () => {
    await reader.get('/api/posts/nothing-like-it');
    return counting(() => reader.get('/api/posts/nothing-like-it'));
  });
  checks.add(
    "what isn't there, a second time",
    `${missing.result.statements} statements`,
    missing.result.result.status === 404 && missing.result.statements === 0,
  );
}
