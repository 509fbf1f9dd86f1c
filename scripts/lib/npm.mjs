import { run } from './run.mjs'

/**
 * Runs npm: the very one that runs this command, where npm does; else the one on the path.
 * @param {readonly string[]} args
 * @param {import('./run.mjs').RunOptions} [options]
 */
export function npm(args, options) {
  const own = process.env['npm_execpath']
  return own !== undefined && /npm-cli\.c?js$/.test(own)
    ? run(process.execPath, [own, ...args], options)
    : run('npm', args, { ...options, shell: process.platform === 'win32' })
}
