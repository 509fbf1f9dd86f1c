/** What went through the broker since its start. */
export interface Traffic {
  eventsIn: number
  /** Events, and changes of who is there, for channels that no tab wants. */
  eventsUnrouted: number
  /** Messages of the server that made no sense. */
  malformed: number
  /** Events and notices handed to tabs, each counted for each tab. */
  deliveries: number
  frames: number
  /** Events that a full queue dropped; the tabs heard `gap`. */
  dropped: number
  published: number
  acknowledged: number
  failed: number
}

export function createTraffic(): Traffic {
  return {
    eventsIn: 0,
    eventsUnrouted: 0,
    malformed: 0,
    deliveries: 0,
    frames: 0,
    dropped: 0,
    published: 0,
    acknowledged: 0,
    failed: 0,
  }
}
