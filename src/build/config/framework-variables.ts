/** Variables that frameworks put into what they build, by the packages that tell of them: turbo lets them through unasked. */

const BY_PACKAGE: readonly (readonly [name: string, variables: readonly string[]])[] = [
  ['next', ['NEXT_PUBLIC_*']],
  ['@remix-run/dev', ['REMIX_*']],
  ['react-scripts', ['REACT_APP_*']],
  ['@vue/cli-service', ['VUE_APP_*']],
  ['vite', ['VITE_*']],
  ['@sveltejs/kit', ['VITE_*', 'PUBLIC_*']],
  ['@solidjs/start', ['VITE_*']],
  ['solid-start', ['VITE_*']],
  ['astro', ['PUBLIC_*']],
  ['gatsby', ['GATSBY_*']],
  ['nuxt', ['NUXT_*', 'NITRO_*']],
  ['nitropack', ['NITRO_*']],
  ['expo', ['EXPO_PUBLIC_*']],
  ['@redwoodjs/core', ['REDWOOD_ENV_*']],
  ['@sanity/cli', ['SANITY_STUDIO_*']],
];

/** The variables of the frameworks among these packages. */
export function frameworkVariables(packages: readonly string[]): readonly string[] {
  return [...new Set(BY_PACKAGE.flatMap(([name, variables]) => (packages.includes(name) ? variables : [])))];
}
