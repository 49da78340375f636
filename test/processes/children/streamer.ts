/** Writes large batches one after the other, so that most of the time it is in the middle of a transaction. */
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { given, serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';
import { BATCH, ROUND, STREAMER } from './stream.ts';

/** What a streamer is given. */
export interface StreamerOptions {
  readonly path: string;
}

const backend = lmdbBackend({ path: (given() as StreamerOptions).path });
const rows = new RawRows(backend);
const batch = (first: number) => Array.from({ length: BATCH }, (_, i) => (first + i) % ROUND);
let written = 0;
const leaving = new AbortController();
let stream: Promise<void> | undefined;

/** Answers when the first batch is there; goes on for good. */
async function write(): Promise<void> {
  await rows.put(STREAMER, batch(0));
  const onAndOn = async () => {
    while (!leaving.signal.aborted) {
      await rows.put(STREAMER, batch((written += BATCH)));
      await new Promise((resolve) => setImmediate(resolve)); // alone on the file, writing waits for nothing
    }
  };
  stream = onAndOn();
}

async function leave(): Promise<void> {
  leaving.abort();
  await stream;
  await backend.close();
}

serve({ write, written: () => written, leave });
