/** Tidemark's document cache for a Powerhouse reactor. */
export { kyselyHeads, type Heads } from './kysely-heads.ts';
export { operationSource, type OperationSourceOptions, type ReactorOperations } from './operation-source.ts';
export { reactorWriteCache, type ReactorWriteCache, type ReactorWriteCacheOptions } from './reactor-write-cache.ts';
export { modelRegistry, type ReactorModels, type RegistryOptions } from './registry.ts';
