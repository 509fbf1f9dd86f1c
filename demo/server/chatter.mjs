/** Two of the house who now and then say something, so that the floor is alive with one visitor. */
import { between, createRandom } from './random.mjs'

/** @import { Floor } from './floor.mjs' */

/** @type {readonly [[string, string], ...[string, string][]]} */
const LINES = [
  ['Ada', 'Table 12 would like the bill'],
  ['Nino', 'Two more branzino, then it is off the menu'],
  ['Ada', 'Party of six at the door'],
  ['Nino', 'Grill is catching up, five minutes'],
  ['Ada', 'Table 4 is celebrating, candles please'],
  ['Nino', 'Who has the corkscrew?'],
  ['Ada', 'Terrace is open again'],
  ['Nino', 'Panna cotta has set, go ahead and sell it'],
  ['Ada', 'Table 31 moved to 7'],
  ['Nino', 'Hands, please: three plates on the pass'],
]
/** @type {[string, string][]} */
const OPENING = [
  ['Ada', 'Doors are open. Good service, everyone'],
  ['Nino', 'Pass is clear, send them in'],
  ['Ada', 'Table 9 has a nut allergy, I put it on the ticket'],
]
const THINK_MS = 2_200
const MIN_PAUSE_S = 8
const MAX_PAUSE_S = 18
/** Through the lines in small steps: nobody says the same twice in a row. */
const MAX_STEP = 3

/**
 * @param {object} parts
 * @param {Floor} parts.floor
 * @param {number} parts.seed
 */
export function startChatter({ floor, seed }) {
  const random = createRandom(seed ^ 0xc4a7)
  /** @type {NodeJS.Timeout} */
  let timer
  let line = 0

  function pause() {
    timer = setTimeout(think, between(random, MIN_PAUSE_S, MAX_PAUSE_S) * 1000)
  }

  function think() {
    line = (line + between(random, 1, MAX_STEP)) % LINES.length
    const [name, text] = LINES[line] ?? LINES[0]
    floor.setTyping(name, true)
    timer = setTimeout(speak, THINK_MS, name, text)
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  function speak(name, text) {
    floor.say(name, text)
    pause()
  }

  for (const name of new Set(LINES.map(([who]) => who))) floor.enter(`staff:${name}`, name, true)
  for (const [name, text] of OPENING) floor.say(name, text)
  pause()
  return { close: () => clearTimeout(timer) }
}
