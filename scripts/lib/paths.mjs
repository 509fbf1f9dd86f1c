import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Everything that commands write and nobody keeps. */
export const cacheFolder = join(root, '.cache')

/** @param {...string} parts */
export const inRoot = (...parts) => join(root, ...parts)
