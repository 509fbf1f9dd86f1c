import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { npm } from '../../scripts/lib/npm.mjs'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { run } from '../../scripts/lib/run.mjs'

export interface Consumer {
  readonly folder: string
  readonly remove: () => Promise<void>
}

/**
 * Builds and packs the package and installs it into a little app outside of the repository, so that the app has
 * what npm would give it and nothing else: the tarball's files and the dependencies that package.json names.
 */
export async function createConsumer(): Promise<Consumer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'partyline-consumer-')))
  await cp(inRoot('tests/package/consumer'), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, 'partyline'), { recursive: true })
  await unpack(await pack(folder), join(modules, 'partyline'))
  for (const name of await namedDependencies(join(modules, 'partyline'))) await link(name, modules)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** @returns the tarball's path */
async function pack(folder: string): Promise<string> {
  await succeed(npm(['run', 'build']))
  // Built just before: what `prepack` would print would only get between npm and its JSON.
  const output = await succeed(npm(['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]))
  const name = /^partyline-.+\.tgz$/m.exec(output)?.[0]
  if (name === undefined) throw new Error(`npm pack named no tarball:\n${output}`)
  return join(folder, name)
}

const unpack = (tarball: string, into: string): Promise<string> =>
  succeed(run('tar', ['-xzf', tarball, '-C', into, '--strip-components=1']))

async function namedDependencies(packageFolder: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as {
    readonly dependencies?: object
    readonly peerDependencies?: object
  }
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
}

async function link(name: string, modules: string): Promise<void> {
  const target = join(modules, name)
  await mkdir(dirname(target), { recursive: true })
  await symlink(inRoot('node_modules', name), target, 'junction')
}

async function succeed(running: ReturnType<typeof run>): Promise<string> {
  const { code, output } = await running
  if (code !== 0) throw new Error(output)
  return output
}
