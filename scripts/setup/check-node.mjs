/** Imported first by every command, for its effect: a sentence instead of a stack trace on an old Node. */
const [neededMajor, neededMinor] = /** @type {const} */ ([20, 20])
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  console.error(
    `Partyline needs Node ${neededMajor}.${neededMinor} or newer; this is ${process.versions.node}. See https://nodejs.org`,
  )
  process.exit(1)
}
