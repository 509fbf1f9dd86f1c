/** Who is on the floor, who is typing, and what was said last. One connection is one browser, however many tabs it has. */

/** @import { Member, Members, Message, Typing } from '../src/model.ts' */

const MAX_MESSAGES = 50
const TYPING_MS = 4_000

/**
 * @typedef {object} FloorOptions
 * @property {(event: 'members' | 'typing' | 'message', payload: unknown) => void} emit
 */

/** @param {FloorOptions} options */
export function createFloor({ emit }) {
  /** @type {Map<string, { name: string, staff: boolean }>} by connection */
  const present = new Map()
  /** @type {Map<string, NodeJS.Timeout>} by name */
  const typing = new Map()
  /** @type {Message[]} */
  let messages = []
  let lastId = 0

  function tellMembers() {
    /** @type {Members} */
    const payload = { members: countMembers(present.values()), at: Date.now() }
    emit('members', payload)
  }

  function tellTyping() {
    /** @type {Typing} */
    const payload = { names: [...typing.keys()], at: Date.now() }
    emit('typing', payload)
  }

  /** @param {string} name */
  function stopTyping(name) {
    clearTimeout(typing.get(name))
    if (typing.delete(name)) tellTyping()
  }

  return {
    /**
     * @param {string} connection
     * @param {string} name
     */
    enter(connection, name, staff = false) {
      if (present.get(connection)?.name === name) return
      present.set(connection, { name, staff })
      tellMembers()
    },

    /** @param {string} connection */
    leave(connection) {
      const gone = present.get(connection)
      if (gone === undefined) return
      present.delete(connection)
      stopTyping(gone.name)
      tellMembers()
    },

    /**
     * @param {string} name
     * @param {boolean} isTyping
     */
    setTyping(name, isTyping) {
      if (!isTyping) return stopTyping(name)
      const isNew = !typing.has(name)
      clearTimeout(typing.get(name))
      typing.set(name, setTimeout(stopTyping, TYPING_MS, name))
      if (isNew) tellTyping()
    },

    /**
     * @param {string} from
     * @param {string} text
     * @param {string} [key] of the message that brought it
     * @returns {Message}
     */
    say(from, text, key) {
      const message = { id: ++lastId, from, text, key, at: Date.now() }
      messages = [...messages, message].slice(-MAX_MESSAGES)
      stopTyping(from)
      emit('message', message)
      return message
    },

    snapshot: () => ({ members: countMembers(present.values()), typing: [...typing.keys()], messages, at: Date.now() }),

    close() {
      for (const timer of typing.values()) clearTimeout(timer)
    },
  }
}

/** @typedef {ReturnType<typeof createFloor>} Floor */

/**
 * @param {Iterable<{ name: string, staff: boolean }>} present
 * @returns {Member[]} visitors first, then by name
 */
function countMembers(present) {
  /** @type {Map<string, Member>} */
  const members = new Map()
  for (const { name, staff } of present) {
    const connections = (members.get(name)?.connections ?? 0) + 1
    members.set(name, { name, staff, connections })
  }
  return [...members.values()].toSorted((a, b) => Number(a.staff) - Number(b.staff) || a.name.localeCompare(b.name))
}
