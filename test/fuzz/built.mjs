/** The product as it was built. */
import { createRequire } from 'node:module'

/** Where a module stands, e.g. `domain/apiKey.js`. @param packageName folder below packages/ */
export function built(module, packageName = 'caliber') {
  return new URL(`../../packages/${packageName}/dist/${module}`, import.meta.url)
}

export function loadBuilt(module, packageName) {
  return import(built(module, packageName).href)
}

/** A library as `packages/caliber` has it. */
export const loadDependency = createRequire(built('index.js'))
