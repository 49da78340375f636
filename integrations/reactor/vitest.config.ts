import { defineConfig } from 'vitest/config';

const conditions = ['@tidemark/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['test/**/*.test.ts'], maxWorkers: '100%', testTimeout: 30_000, hookTimeout: 60_000 },
});
