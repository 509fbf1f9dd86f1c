/** The C library that native packages must be made for; undefined where there is no choice. */
const libc = findLibc()

function findLibc() {
  if (process.platform !== 'linux') return undefined
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return report.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}

/**
 * Whether a package with these limits (package.json's own fields) may be installed here.
 * @param {{ os?: string[], cpu?: string[], libc?: string[] }} limits
 */
export const isForThisMachine = limits =>
  allows(limits.os, process.platform) && allows(limits.cpu, process.arch) && allows(limits.libc, libc)

/**
 * @param {string[] | undefined} list `["linux"]` or `["!win32"]`
 * @param {string | undefined} value
 */
function allows(list, value) {
  if (list === undefined || value === undefined) return true
  const allowed = list.filter(entry => !entry.startsWith('!'))
  return !list.includes(`!${value}`) && (allowed.length === 0 || allowed.includes(value))
}
