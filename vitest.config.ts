/** Tests import the package by its own name and get the sources, so the public doors are what is tested. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@tidemark/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    // Much of the time is spent waiting for servers and other processes.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    reporters: ['default', './test/support/closing-line.ts'],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
