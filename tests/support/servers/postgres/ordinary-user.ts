import { readFileSync } from 'node:fs'

export interface User {
  readonly uid: number
  readonly gid: number
}

/** Of those that a system has anyway, the better first. */
const names = ['postgres', 'nobody']

/** As whom a program is to run that refuses root; undefined where this process is not root itself. */
export function ordinaryUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map(toUser)
  const user = names.map(name => users.find(known => known.name === name)).find(found => found !== undefined)
  if (user === undefined) throw new Error(`PostgreSQL refuses root, and there is no user ${names.join(' or ')} here.`)
  return { uid: user.uid, gid: user.gid }
}

function toUser(line: string): User & { readonly name: string } {
  const [name = '', , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}
